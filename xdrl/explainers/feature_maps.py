"""Which layer's answer is the feature map of a Keras model."""

from collections.abc import Sequence

import keras
from keras import layers

from xdrl.errors import UserError
from xdrl.explainers.layer_calls import Call, layers_within

_CONVOLUTIONS = (layers.Conv2D, layers.DepthwiseConv2D, layers.SeparableConv2D, layers.Conv2DTranspose)
_CHANNELS_LAST = "channels_last"
_MOST_NAMES = 20


def find_feature_map(model: keras.Model, calls: Sequence[Call], layer: str | keras.Layer | None) -> Call:
    """Returns the call whose output is explained.

    Args:
        model: whose layers they are.
        calls: of the model's layers, in the order in which they end; the outputs need to have a shape only.
        layer: a layer, or its name, wherever in the model; None takes the last feature map.

    Raises:
        UserError: there is no such layer, or its output is no feature map.
    """
    call = _last_feature_map(model, calls) if layer is None else _last_call(model, calls, layer)
    shape = getattr(call.output, "shape", None)
    if shape is None or len(shape) != 4:
        found = type(call.output).__name__ if shape is None else list(shape)
        raise UserError(f"expected a layer whose output is [N, h, w, K], got {call.layer.name} with {found}")
    formats = [
        getattr(each.layer, "data_format", None) for each in calls[: _index(calls, call) + 1] if _has_cells(each)
    ]
    if next((each for each in reversed(formats) if each), _CHANNELS_LAST) != _CHANNELS_LAST:
        raise UserError(f"expected a layer whose channels come last, got {call.layer.name} with channels first")
    return call


def _last_feature_map(model: keras.Model, calls: Sequence[Call]) -> Call:
    """Returns the last output at the last convolution's resolution: normalised, activated, added to a residual."""
    convolutions = [call for call in calls if isinstance(call.layer, _CONVOLUTIONS)]
    if not convolutions:
        raise UserError(f"expected a model with a convolution, got {model.name} without one: name a layer")
    # Some networks have convolutions behind their pool, on one cell: they say nothing of where.
    last = next((call for call in reversed(convolutions) if tuple(call.output.shape[1:3]) != (1, 1)), convolutions[-1])
    after = calls[_index(calls, last) :]
    return [call for call in after if _has_cells(call) and call.output.shape[1:3] == last.output.shape[1:3]][-1]


def _last_call(model: keras.Model, calls: Sequence[Call], layer: str | keras.Layer) -> Call:
    within = [each for each in layers_within(model) if layer in (each.name, each)]
    if not within:
        name = layer if isinstance(layer, str) else getattr(layer, "name", layer)
        names = [each.name for each in layers_within(model)]
        more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
        raise UserError(f"expected a layer of {', '.join(names[-_MOST_NAMES:])}{more}, got {name!r}")
    if len(within) > 1:
        raise UserError(f"expected a name of one layer, got {layer!r} of {len(within)}: pass the layer itself")
    found = [call for call in calls if call.layer is within[0]]
    if not found:
        raise UserError(f"expected a layer that the model calls, got {within[0].name!r}")
    return found[-1]


def _index(calls: Sequence[Call], call: Call) -> int:
    return next(index for index, each in enumerate(calls) if each is call)


def _has_cells(call: Call) -> bool:
    return len(getattr(call.output, "shape", ())) == 4
