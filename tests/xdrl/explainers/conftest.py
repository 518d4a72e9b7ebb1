"""The network as tf-keras-vis takes it: one input, one output."""

import warnings
from collections.abc import Callable

import keras
import pytest
import tensorflow as tf


class _Output(keras.layers.Layer):
    """One output of the network, the core state fixed."""

    def __init__(self, network, state, index):
        super().__init__()
        self._network, self._state, self._index = network, state, index

    def call(self, feature_map):
        count = tf.shape(feature_map)[0]
        h, c = (tf.repeat(tf.constant(part), count, 0) for part in self._state)
        output = self._network.decide([feature_map, h, c])[self._index]
        return output if self._index == 0 else output[:, None]


def build_one_output_model(agent, state, output_index: int) -> keras.Model:
    """Puts the network's own layers into a model of observations with one output, in a row.

    Args:
        agent: whose network it is.
        state: one core state, the same for all observations.
        output_index: 0 for the logits, 1 for the value.
    """
    observation = x = keras.Input((80, 80, 1))
    for layer in agent.network.torso.layers[2:]:
        x = layer(x)
    feature_map = keras.layers.ReLU(name="penultimate")(x)  # changes nothing: the feature map is not negative
    return keras.Model(observation, _Output(agent.network, state, output_index)(feature_map))


@pytest.fixture(scope="session")
def one_output_model() -> Callable[..., keras.Model]:
    """The function above; tf-keras-vis can then be imported without its warnings."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import tf_keras_vis.gradcam
        import tf_keras_vis.gradcam_plus_plus
        import tf_keras_vis.saliency
        import tf_keras_vis.scorecam  # noqa: F401
    return build_one_output_model
