"""A network's parts as functions of its weights, which is what JAX compiles and differentiates."""

from collections.abc import Sequence

import jax
import keras

from xdrl.networks import Network


def values_of(variables: Sequence[keras.Variable]) -> list[jax.Array]:
    """Returns the variables' present arrays; an array never changes, an assignment puts another in its place."""
    return [variable.value for variable in variables]


def with_weights(network: Network, weights: Sequence[jax.Array]) -> keras.StatelessScope:
    """Returns the context in which the network has these weights, in the order of `network.weights`."""
    return keras.StatelessScope(state_mapping=list(zip(network.weights, weights, strict=True)))
