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
        observation: [B, 80, 80, 1], in the type of the convolutions.
        convolutions: outputs of every convolution but the first, before pool and ReLU, [B, H, W, C], likewise.
        features: float32 [B, F], what the readout makes of the feature map.
    """

    observation: tf.Tensor
    convolutions: tuple[tf.Tensor, ...]
    features: tf.Tensor


class KeptTorso:
    """A network's torso and readout, forward with their outputs kept and backward through them.

    The weights are float32 whatever the convolutions are computed in, and so are the sums that the processor makes of
    their products (Micikevicius et al. 2018, mixed precision).
    """

    def __init__(self, network: Network, dtype: str) -> None:
        """Reads the torso's layers: an input, the preprocessing, then convolutions, pools and ReLUs in a row.

        Args:
            network: whose torso it is.
            dtype: that the convolutions are computed in, `float32` or `bfloat16`.
        """
        _, self._preprocessing, self._first, *self._later = network.torso.layers
        self._readout, self._dtype = network.readout, tf.as_dtype(dtype)
        self.weights: list[keras.Variable] = network.torso.trainable_weights + network.readout.trainable_weights

    def forward(self, screens: tf.Tensor) -> TorsoOutputs:
        """Computes everything: uint8 [B, 210, 160, 3] to the outputs."""
        observation = tf.cast(self._preprocessing(screens), self._dtype)
        x, kept = self._convolve(self._first, observation), []
        for layer in self._later:
            if isinstance(layer, layers.Conv2D):
                x = self._convolve(layer, x)
                kept.append(x)
            else:
                x = _between(layer, x)
        return TorsoOutputs(observation, tuple(kept), self._readout(tf.cast(x, tf.float32)))

    def backward(self, outputs: TorsoOutputs, upstream: tf.Tensor) -> list[tf.Tensor]:
        """Takes the gradients by the weights, float32.

        Args:
            outputs: what `forward` gave with the same weights.
            upstream: gradients by the features, float32 [B, F].
        """
        kept = iter(outputs.convolutions)
        with tf.GradientTape() as tape:
            x = self._convolve(self._first, outputs.observation)
            for layer in self._later:
                x = self._keep(layer, x, next(kept)) if isinstance(layer, layers.Conv2D) else _between(layer, x)
            features = self._readout(tf.cast(x, tf.float32))
        return tape.gradient(features, [weight.value for weight in self.weights], output_gradients=upstream)

    def _convolve(self, layer: layers.Conv2D, inputs: tf.Tensor) -> tf.Tensor:
        kernel, *bias = self._cast_weights(layer)
        output = tf.nn.conv2d(inputs, kernel, layer.strides, layer.padding.upper())
        return tf.nn.bias_add(output, *bias) if bias else output

    def _keep(self, layer: layers.Conv2D, inputs: tf.Tensor, output: tf.Tensor) -> tf.Tensor:
        """Returns a convolution's known output; its gradients are those of the convolution."""
        options = {"strides": [1, *layer.strides, 1], "padding": layer.padding.upper()}

        @tf.custom_gradient
        def convolution(inputs: tf.Tensor, kernel: tf.Tensor, *bias: tf.Tensor) -> Any:
            def gradient(upstream: tf.Tensor) -> tuple[tf.Tensor, ...]:
                by_inputs = tf.raw_ops.Conv2DBackpropInput(
                    input_sizes=tf.shape(inputs), filter=kernel, out_backprop=upstream, **options
                )
                by_kernel = tf.raw_ops.Conv2DBackpropFilter(
                    input=inputs, filter_sizes=kernel.shape, out_backprop=upstream, **options
                )
                return by_inputs, by_kernel, *(tf.raw_ops.BiasAddGrad(out_backprop=upstream) for _ in bias)

            return tf.identity(output), gradient

        return convolution(inputs, *self._cast_weights(layer))

    def _cast_weights(self, layer: layers.Conv2D) -> list[tf.Tensor]:
        return [tf.cast(tf.convert_to_tensor(weight.value), self._dtype) for weight in layer.weights]


def _between(layer: layers.Layer, x: tf.Tensor) -> tf.Tensor:
    """Applies a pool or a ReLU in the type of its input: Keras' layers would make it float32."""
    if isinstance(layer, layers.MaxPooling2D):
        return tf.nn.max_pool2d(x, layer.pool_size, layer.strides, layer.padding.upper())
    return tf.nn.relu(x)
