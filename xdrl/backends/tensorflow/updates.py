"""What happens to weights: gradients are applied to them, and they are copied."""

from collections.abc import Sequence

import keras
import tensorflow as tf


class ApplyFunction:
    """Applies gradients to weights through Adam, in one graph and one pass over the weights."""

    def __init__(self, optimizer: keras.optimizers.Adam, weights: Sequence[keras.Variable]) -> None:
        """Makes the optimizer's statistics for these weights."""
        optimizer.build(weights)
        self._optimizer, self._weights = optimizer, weights
        self._momenta, self._velocities = (
            [variable for variable in optimizer.variables if variable.path.endswith(ending)]
            for ending in ("_momentum", "_velocity")
        )
        self._compiled = tf.function(self._apply, autograph=False)

    def __call__(self, gradients: Sequence[tf.Tensor]) -> None:
        """Applies one set of gradients, in the order of the weights."""
        self._compiled(list(gradients))

    def _apply(self, gradients: list[tf.Tensor]) -> None:
        """Takes the step that Keras' Adam takes operation by operation; the fused one reads the weights once."""
        optimizer = self._optimizer
        step = tf.cast(optimizer.iterations.value.assign_add(1), tf.float32)
        for weight, momentum, velocity, gradient in zip(
            self._weights, self._momenta, self._velocities, gradients, strict=True
        ):
            tf.raw_ops.ResourceApplyAdam(
                var=weight.value.handle,
                m=momentum.value.handle,
                v=velocity.value.handle,
                beta1_power=optimizer.beta_1**step,
                beta2_power=optimizer.beta_2**step,
                lr=optimizer.learning_rate.value,
                beta1=optimizer.beta_1,
                beta2=optimizer.beta_2,
                epsilon=optimizer.epsilon,
                grad=gradient,
            )


class CopyFunction:
    """Copies weights into another network's, in one graph."""

    def __init__(self, source: Sequence[keras.Variable], target: Sequence[keras.Variable]) -> None:
        """Fixes what is copied where; both in the same order."""
        self._pairs = [(origin.value, copy.value) for origin, copy in zip(source, target, strict=True)]
        self._compiled = tf.function(self._copy, autograph=False)

    def __call__(self) -> None:
        """Copies once."""
        self._compiled()

    def _copy(self) -> None:
        for origin, copy in self._pairs:
            copy.assign(origin)
