"""What happens to weights: gradients are applied to them, and they are copied."""

from collections.abc import Sequence

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

    def __call__(self, gradients: Sequence[jax.Array]) -> None:
        """Applies one set of gradients, in the order of the weights."""
        statistics = self._optimizer.variables
        found = self._compiled(values_of(statistics), list(gradients), values_of(self._weights))
        for variables, values in zip((self._weights, statistics), found, strict=True):
            for variable, value in zip(variables, values, strict=True):
                variable.assign(value)


class CopyFunction:
    """Copies weights into another network's: both then have the same arrays, and nothing is moved."""

    def __init__(self, source: Sequence[keras.Variable], target: Sequence[keras.Variable]) -> None:
        """Fixes what is copied where; both in the same order."""
        self._pairs = list(zip(source, target, strict=True))

    def __call__(self) -> None:
        """Copies once."""
        for origin, copy in self._pairs:
            copy.assign(origin.value)
