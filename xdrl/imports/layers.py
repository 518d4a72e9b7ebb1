"""Torch's layers become ours: channels last, the flattened order mended, gates and biases where Keras has them."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from xdrl.errors import UserError
from xdrl.games import ALL_ACTIONS
from xdrl.imported_config import ATOMS, POLICY, QUANTILES
from xdrl.nature_config import DENSE, OWN, SHARED, NatureConfig
from xdrl.own_config import OwnConfig

Tensors = Mapping[str, np.ndarray]
CONVOLUTIONS = {"convolution_1": (32, 8), "convolution_2": (64, 4), "convolution_3": (64, 3)}
"""Channels and kernel of each; the strides, 4, 2 and 1, are in no file."""
_CELLS, _CHANNELS = 7, 64
"""Of the feature map, down and across, and its channels."""
_GATES = 4


class Source(NamedTuple):
    """What a file holds, before it is known whether it fits.

    Attributes:
        tensors: by their name in the file.
        layers: for each of our layers (`convolution_1` to `_3`, `hidden`, `policy`, `value`, `core`, `critic_core`)
            what the tensors' names begin with, such as `network.0`; the last three only where there are such.
        settings: fields of `NatureConfig` that the tensors do not show.
        agent_steps: that the agent was trained for; 0 where that is not known.
        brightest: what the brightest pixel is to the first convolution: 1, or 255 where nothing divides by that.
    """

    tensors: Tensors
    layers: Mapping[str, str]
    settings: Mapping[str, Any]
    agent_steps: int = 0
    brightest: float = 1.0


class Imported(NamedTuple):
    """What a file becomes: what its network is built from, the weights by path, and the agent steps it was trained."""

    config: NatureConfig | OwnConfig
    weights: dict[str, np.ndarray]
    agent_steps: int


def translate(source: Source, action_names: tuple[str, ...], game: str) -> Imported:
    """Turns a file's tensors into a network of ours and its weights.

    Args:
        source: what the file holds.
        action_names: the game's own; a head of 18 actions has all of the emulator's.
        game: its name, for what is said.

    Raises:
        UserError: a tensor is missing, has another shape, or is not finite.
    """
    weights: dict[str, np.ndarray] = {}
    for name, (channels, kernel) in CONVOLUTIONS.items():
        before = None if name == "convolution_1" else weights[f"{_previous(name)}/bias"].shape[0]
        weight = _take(source, name, "weight", (channels, before, kernel, kernel))
        weights |= {f"{name}/kernel": weight.transpose(2, 3, 1, 0), f"{name}/bias": _bias(source, name, channels)}
    weights["convolution_1/kernel"] = weights["convolution_1/kernel"] * np.float32(source.brightest)
    hidden = _take(source, "hidden", "weight", (None, _CHANNELS * _CELLS * _CELLS))
    features = len(hidden)
    cells_last = hidden.reshape(features, _CHANNELS, _CELLS, _CELLS).transpose(2, 3, 1, 0)
    weights |= {"hidden/kernel": cells_last.reshape(-1, features), "hidden/bias": _bias(source, "hidden", features)}
    units, critic_core = 0, ""
    if "core" in source.layers:
        units = _take(source, "core", "weight_hh_l0", (None, None)).shape[1]
        weights |= _recurrent(source, "core", features, units)
        critic_core, critic_weights = _critic_core(source, features, units)
        weights |= critic_weights
    settings = dict(source.settings)
    each = settings["support"][0] if settings["head"] in (QUANTILES, ATOMS) else 1
    if len(_take(source, "policy", "weight", (None, None))) == len(ALL_ACTIONS) * each:
        action_names = ALL_ACTIONS
    outputs = len(action_names) * each
    weights |= _dense(source, "policy", units or features, outputs, f", the actions of {game}")
    if settings["head"] == POLICY:
        weights |= _dense(source, "value", units or features, 1)
    frames = weights["convolution_1/kernel"].shape[2]
    config = NatureConfig(
        action_names=action_names, features=features, frames=frames, core_units=units, critic_core=critic_core,
        **settings,
    )  # fmt: skip
    arrays = {path: np.ascontiguousarray(array, np.float32) for path, array in weights.items()}
    for path, array in arrays.items():
        if not np.isfinite(array).all():
            raise UserError(f"expected finite weights, got NaN or infinity in {path}")
    return Imported(config, arrays, source.agent_steps)


def names_under(tensors: Tensors, prefix: str) -> list[str]:
    """Returns the names of the tensors that begin with a prefix."""
    return [name for name in tensors if name.startswith(prefix)]


def _previous(name: str) -> str:
    return re.sub(r"\d", lambda found: str(int(found[0]) - 1), name)


def _take(source: Source, layer: str, part: str, shape: tuple[int | None, ...], note: str = "") -> np.ndarray:
    """Finds a tensor of a layer; None in the shape is any length."""
    if layer not in source.layers:
        raise UserError(f"expected to be told which tensors are the layer {layer}, got {', '.join(source.layers)}")
    name = f"{source.layers[layer]}.{part}"
    if name not in source.tensors:
        there = ", ".join(list(source.tensors)[:6])
        raise UserError(f"expected a tensor {name}, got {there}{' ...' if len(source.tensors) > 6 else ''}")
    tensor = source.tensors[name]
    is_alike = tensor.ndim == len(shape) and all(
        expected in (None, found) for expected, found in zip(shape, tensor.shape, strict=True)
    )
    if not is_alike or not tensor.size:
        wanted = ", ".join("any" if length is None else str(length) for length in shape)
        raise UserError(f"expected {name} of shape [{wanted}]{note}, got {list(tensor.shape)}")
    return np.asarray(tensor, np.float32)


def _bias(source: Source, layer: str, length: int) -> np.ndarray:
    return _take(source, layer, "bias", (length,))


def _dense(source: Source, layer: str, inputs: int, outputs: int, note: str = "") -> dict[str, np.ndarray]:
    weight = _take(source, layer, "weight", (outputs, inputs), note)
    return {f"{layer}/kernel": weight.T, f"{layer}/bias": _bias(source, layer, outputs)}


def _recurrent(source: Source, layer: str, inputs: int, units: int) -> dict[str, np.ndarray]:
    """Torch has Keras' order of gates, and two biases, which are added."""
    if names_under(source.tensors, f"{source.layers[layer]}.weight_ih_l1"):
        raise UserError(f"expected one layer of LSTM in {source.layers[layer]}, got several")
    gates = _GATES * units
    biases = [_take(source, layer, name, (gates,)) for name in ("bias_ih_l0", "bias_hh_l0")]
    return {
        f"{layer}/kernel": _take(source, layer, "weight_ih_l0", (gates, inputs)).T,
        f"{layer}/recurrent_kernel": _take(source, layer, "weight_hh_l0", (gates, units)).T,
        f"{layer}/bias": biases[0] + biases[1],
    }


def _critic_core(source: Source, features: int, units: int) -> tuple[str, dict[str, np.ndarray]]:
    """Finds what the critic of a recurrent agent goes by: a core of its own, a dense layer, or the policy's core."""
    if "critic_core" not in source.layers:
        return SHARED, {}
    if f"{source.layers['critic_core']}.weight_ih_l0" in source.tensors:
        return OWN, _recurrent(source, "critic_core", features, units)
    return DENSE, _dense(source, "critic_core", features, units)
