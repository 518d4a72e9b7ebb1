"""What happens to weights: gradients are applied to them, they are read, and put into others."""

from collections.abc import Sequence
from typing import Any

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

    def __call__(self, gradients: Sequence[Any]) -> None:
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


class ReadFunction:
    """Reads weights, in one graph; nothing is moved until an update changes them."""

    def __init__(self, weights: Sequence[keras.Variable]) -> None:
        """Fixes what is read."""
        self._weights = weights
        self._compiled = tf.function(self._read, autograph=False)

    def __call__(self) -> list[tf.Tensor]:
        """Reads once."""
        return self._compiled()

    def _read(self) -> list[tf.Tensor]:
        return [tf.identity(weight.value) for weight in self._weights]


class AssignFunction:
    """Puts tensors or arrays into weights, in one graph."""

    def __init__(self, weights: Sequence[keras.Variable]) -> None:
        """Fixes where they go."""
        self._weights = weights
        self._compiled = tf.function(self._assign, autograph=False)

    def __call__(self, values: Sequence[Any]) -> None:
        """Assigns once, in the order of the weights."""
        self._compiled(list(values))

    def _assign(self, values: list[tf.Tensor]) -> None:
        for weight, value in zip(self._weights, values, strict=True):
            weight.value.assign(value)
