"""What explanations are timed against: the methods of tf-keras-vis on the network's own layers."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np
from keras import ops

from xdrl.agent_networks import AgentNetwork

REFERENCES = ("Gradcam", "GradcamPlusPlus", "Scorecam", "Saliency")
"""Classes of tf-keras-vis."""
_FEATURE_MAP = "explained"


class _Decision(keras.layers.Layer):
    """What a network decides on a feature map: the logits, or Q-values, of a game that starts."""

    def __init__(self, network: AgentNetwork) -> None:
        super().__init__()
        self._network = network

    def call(self, feature_map: Any) -> Any:
        return self._network.conclude(feature_map, _zero_memory(self._network, ops.shape(feature_map)[0])).logits


def reference_model(network: AgentNetwork) -> keras.Model:
    """Puts a network's layers into a model of one input, the observation, and one output, the logits."""
    extract = network.extract if isinstance(network.extract, keras.Model) else network.torso
    observation = x = keras.Input(extract.input_shape[1:])
    for layer in extract.layers[1:]:
        x = layer(x)
    # A layer of the model's own, that changes nothing: tf-keras-vis cannot name one that several models share.
    feature_map = keras.layers.ReLU(name=_FEATURE_MAP)(x)
    return keras.Model(observation, _Decision(network)(feature_map))


def reference_explainer(name: str, network: AgentNetwork) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """Returns a method of tf-keras-vis, called as its documentation does, but for what would only make it slower.

    Args:
        name: one of `REFERENCES`.
        network: that decides; the maps of the CAM methods are those of its last convolution.

    Returns:
        a function of screens, uint8 [N, 210, 160, 3], and the actions whose logits are explained, [N], to maps.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from tf_keras_vis import gradcam, gradcam_plus_plus, saliency, scorecam
        from tf_keras_vis.utils.scores import CategoricalScore
    kinds = {
        "Gradcam": gradcam.Gradcam,
        "GradcamPlusPlus": gradcam_plus_plus.GradcamPlusPlus,
        "Scorecam": scorecam.Scorecam,
        "Saliency": saliency.Saliency,
    }
    explain = kinds[name](reference_model(network), clone=False)
    options: dict[str, Any] = {}
    if name != "Saliency":
        options = {"penultimate_layer": _FEATURE_MAP, "seek_penultimate_conv_layer": False, "expand_cam": False}

    def run(screens: np.ndarray, actions: np.ndarray) -> np.ndarray:
        score = CategoricalScore([int(action) for action in actions])
        observation, _ = network.observe(screens, _zero_memory(network, len(screens)))
        with _silence():
            return np.asarray(explain(score, ops.convert_to_numpy(observation), **options))

    return run


def _zero_memory(network: AgentNetwork, count: Any) -> tuple[Any, ...]:
    return tuple(ops.zeros((count, *part.shape), part.dtype) for part in network.memory_parts.values())


@contextmanager
def _silence() -> Iterator[None]:
    """Keeps Keras quiet: tf-keras-vis hands inputs over as a list, and lets it draw progress bars."""
    is_interactive = keras.config.is_interactive_logging_enabled()
    keras.config.disable_interactive_logging()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        if is_interactive:
            keras.config.enable_interactive_logging()
