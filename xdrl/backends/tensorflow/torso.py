"""The convolutions, run once: what acting computed is kept, and the gradients are taken through it.

Without it a worker computes every convolution twice, once to act and once under the tape. The first convolution is
computed again all the same: it is the cheapest, and its output is by far the largest.
"""

from typing import Any, NamedTuple

import keras
import tensorflow as tf
from keras import layers

from xdrl.networks import Network


class TorsoOutputs(NamedTuple):
    """What the torso computed of B screens.

    Attributes:
        observation: float32 [B, 80, 80, 1].
        convolutions: outputs of every convolution but the first, before pool and ReLU, float32 [B, H, W, C].
        features: float32 [B, F], what the readout makes of the feature map.
    """

    observation: tf.Tensor
    convolutions: tuple[tf.Tensor, ...]
    features: tf.Tensor


class KeptTorso:
    """A network's torso and readout, forward with their outputs kept and backward through them."""

    def __init__(self, network: Network) -> None:
        """Reads the torso's layers: an input, the preprocessing, then convolutions, pools and ReLUs in a row."""
        torso = network.torso
        _, preprocessing, self._first, *self._later = torso.layers
        convolutions = [layer.output for layer in self._later if isinstance(layer, layers.Conv2D)]
        self._model = keras.Model(torso.input, [preprocessing.output, *convolutions, torso.output])
        self._readout = network.readout
        self.weights: list[keras.Variable] = torso.trainable_weights + network.readout.trainable_weights

    def forward(self, screens: tf.Tensor) -> TorsoOutputs:
        """Computes everything: uint8 [B, 210, 160, 3] to the outputs."""
        observation, *convolutions, feature_map = self._model(screens)
        return TorsoOutputs(observation, tuple(convolutions), self._readout(feature_map))

    def backward(self, outputs: TorsoOutputs, upstream: tf.Tensor) -> list[tf.Tensor]:
        """Takes the gradients by the weights.

        Args:
            outputs: what `forward` gave with the same weights.
            upstream: gradients by the features, float32 [B, F].
        """
        kept = iter(outputs.convolutions)
        with tf.GradientTape() as tape:
            x = self._first(outputs.observation)
            for layer in self._later:
                x = _kept_convolution(layer, x, next(kept)) if isinstance(layer, layers.Conv2D) else layer(x)
            features = self._readout(x)
        return tape.gradient(features, [weight.value for weight in self.weights], output_gradients=upstream)


def _kept_convolution(layer: layers.Conv2D, inputs: tf.Tensor, output: tf.Tensor) -> tf.Tensor:
    """Returns a convolution's known output; its gradients are those of the convolution."""
    options = {"strides": [1, *layer.strides, 1], "padding": layer.padding.upper()}

    @tf.custom_gradient
    def convolution(inputs: tf.Tensor, kernel: tf.Tensor, bias: tf.Tensor) -> Any:
        def gradient(upstream: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
            by_inputs = tf.raw_ops.Conv2DBackpropInput(
                input_sizes=tf.shape(inputs), filter=kernel, out_backprop=upstream, **options
            )
            by_kernel = tf.raw_ops.Conv2DBackpropFilter(
                input=inputs, filter_sizes=kernel.shape, out_backprop=upstream, **options
            )
            return by_inputs, by_kernel, tf.raw_ops.BiasAddGrad(out_backprop=upstream)

        return tf.identity(output), gradient

    return convolution(inputs, tf.convert_to_tensor(layer.kernel.value), tf.convert_to_tensor(layer.bias.value))
