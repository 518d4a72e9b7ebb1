"""Which path a network takes: the fast one where every part is one that it knows, else the plain one."""

from collections.abc import Callable

import keras
from keras import activations, layers

from xdrl.backends.tensorflow.fast_acting import FastPolicy
from xdrl.backends.tensorflow.fast_gradients import FastGradients
from xdrl.backends.tensorflow.plain import PlainGradients, PlainPolicy
from xdrl.config import TrainingConfig
from xdrl.cores import LSTMCore
from xdrl.networks import Network
from xdrl.preprocessing import ScreenPreprocessing

_LAST = "channels_last"
_TORSO_LAYERS: dict[type[keras.layers.Layer], Callable[..., bool]] = {
    layers.Conv2D: lambda layer: (
        layer.activation is activations.linear
        and (layer.dilation_rate, layer.groups, layer.data_format) == ((1, 1), 1, _LAST)
    ),
    layers.MaxPooling2D: lambda layer: layer.data_format == _LAST,
    layers.ReLU: lambda layer: (layer.max_value, layer.negative_slope, layer.threshold) == (None, 0, 0),
}
"""What the fast path knows of a torso, each with the settings that it takes."""


def make_policy(network: Network, config: TrainingConfig) -> FastPolicy | PlainPolicy:
    """Builds what plays with a network."""
    return PlainPolicy(network) if unknown_part(network) else FastPolicy(network, config)


def make_gradients(network: Network, config: TrainingConfig) -> FastGradients | PlainGradients:
    """Builds what takes the gradients of what such a policy has played."""
    return PlainGradients(network, config) if unknown_part(network) else FastGradients(network, config)


def describe_path(network: Network, config: TrainingConfig) -> str | None:
    """Says in a line why a network is not trained on the fast path; None where it is."""
    part = unknown_part(network)
    if part is None:
        return None
    dtype = "" if config.convolution_dtype == "float32" else ", in float32"
    return f"{part} is none that the fast path knows: one GradientTape over the whole network is slower{dtype}"


def unknown_part(network: Network) -> str | None:
    """Returns the first part of a network that the fast path does not know, None where it knows all."""
    start, preprocessing, first, *later = network.torso.layers
    if (type(start), type(preprocessing), type(first)) != (layers.InputLayer, ScreenPreprocessing, layers.Conv2D):
        return "a torso that does not begin with the preprocessing and a convolution"
    before = preprocessing
    for layer in (first, *later):
        if not _TORSO_LAYERS.get(type(layer), lambda _: False)(layer):
            return f"the layer {layer.name} ({type(layer).__name__})"
        if layer.input is not before.output:
            return f"the layer {layer.name}, which does not follow {before.name} alone,"
        before = layer
    if type(network.core) is not LSTMCore:
        return f"the core ({type(network.core).__name__})"
    return None
