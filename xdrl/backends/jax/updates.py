"""What happens to weights: gradients are applied to them, they are read, and put into others."""

from collections.abc import Sequence
from typing import Any

import jax
import keras

from xdrl.backends.jax.stateless import values_of


class ApplyFunction:
    """Applies gradients to weights through Adam, in one function.

    The arrays that were there before are not given up for the new ones: workers and checkpoints still hold them.
    """

    def __init__(self, optimizer: keras.optimizers.Adam, weights: Sequence[keras.Variable]) -> None:
        """Makes the optimizer's statistics for these weights."""
        optimizer.build(weights)
        self._optimizer, self._weights = optimizer, weights
        self._compiled = jax.jit(optimizer.stateless_apply)

    def __call__(self, gradients: Sequence[Any]) -> None:
        """Applies one set of gradients, in the order of the weights."""
        statistics = self._optimizer.variables
        found = self._compiled(values_of(statistics), list(gradients), values_of(self._weights))
        for variables, values in zip((self._weights, statistics), found, strict=True):
            for variable, value in zip(variables, values, strict=True):
                variable.assign(value)


class ReadFunction:
    """Reads weights: an array never changes, an update puts another in its place."""

    def __init__(self, weights: Sequence[keras.Variable]) -> None:
        """Fixes what is read."""
        self._weights = weights

    def __call__(self) -> list[jax.Array]:
        """Reads once."""
        return values_of(self._weights)


class AssignFunction:
    """Puts arrays into weights; those on the device are not moved."""

    def __init__(self, weights: Sequence[keras.Variable]) -> None:
        """Fixes where they go."""
        self._weights = weights

    def __call__(self, values: Sequence[Any]) -> None:
        """Assigns once, in the order of the weights."""
        for weight, value in zip(self._weights, values, strict=True):
            weight.assign(value)
