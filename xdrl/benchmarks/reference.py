"""What explanations are timed against: the methods of tf-keras-vis on the network's own layers."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np
from keras import ops

from xdrl.networks import Network

REFERENCES = ("Gradcam", "GradcamPlusPlus", "Scorecam", "Saliency")
"""Classes of tf-keras-vis."""
_FEATURE_MAP = "explained"


class _Decision(keras.layers.Layer):
    """The core and the policy of a network: features to logits, from a zero core state."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self._network = network

    def call(self, features: Any) -> Any:
        zeros = ops.zeros((ops.shape(features)[0], self._network.core_size))
        return self._network.policy_head(self._network.core(features, zeros, zeros)[0])


def reference_model(network: Network) -> keras.Model:
    """Puts a network's layers into a model of one input, the observation, and one output, the logits."""
    observation = x = keras.Input(network.extract.input_shape[1:])
    for layer in network.extract.layers[1:]:
        x = layer(x)
    # A layer of the model's own, that changes nothing: tf-keras-vis cannot name one that several models share.
    feature_map = keras.layers.ReLU(name=_FEATURE_MAP)(x)
    return keras.Model(observation, _Decision(network)(network.readout(feature_map)))


def reference_explainer(name: str, network: Network) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
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
        with _silence():
            return np.asarray(explain(score, ops.convert_to_numpy(network.preprocess(screens)), **options))

    return run


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
