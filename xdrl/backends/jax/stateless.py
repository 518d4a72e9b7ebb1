"""A network's parts as functions of its weights, which is what JAX compiles and differentiates."""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import keras

from xdrl.cores import LSTMCore, activate
from xdrl.networks import Network


def values_of(variables: Sequence[keras.Variable]) -> list[jax.Array]:
    """Returns the variables' present arrays; an array never changes, an assignment puts another in its place."""
    return [variable.value for variable in variables]


def with_weights(network: Network, weights: Sequence[jax.Array]) -> keras.StatelessScope:
    """Returns the context in which the network has these weights, in the order of `network.weights`."""
    return keras.StatelessScope(state_mapping=list(zip(network.weights, weights, strict=True)))


def observe(network: Network, screens: jax.Array) -> jax.Array:
    """Runs the preprocessing: uint8 [N, 210, 160, 3] to float32 [N, 80, 80, 1]."""
    _, preprocessing, *_ = network.torso.layers
    return preprocessing(screens)


def read_features(network: Network, observations: jax.Array) -> jax.Array:
    """Runs the convolutions and the readout: float32 [N, 80, 80, 1] to [N, F]."""
    _, _, *layers = network.torso.layers
    x = observations
    for layer in layers:
        x = layer(x)
    return network.readout(x)


def unroll_core(
    core: LSTMCore, features: jax.Array, state_h: jax.Array, state_c: jax.Array, is_first: jax.Array
) -> jax.Array:
    """Takes T steps as `LSTMCore.unroll` does, in a loop: XLA takes many times as long to compile the steps in a row.

    Args:
        core: in the context of its weights.
        features: float32 [T, B, F].
        state_h, state_c: float32 [B, H], before the first step.
        is_first: bool [T, B], where the state is zeroed before the step.

    Returns:
        the outputs, float32 [T, B, H].
    """
    projected = jnp.matmul(features, core.kernel.value) + core.bias.value
    recurrent_kernel = core.recurrent_kernel.value

    def step(state: tuple[jax.Array, jax.Array], inputs: tuple[jax.Array, jax.Array]) -> tuple[tuple, jax.Array]:
        projected_t, keep = inputs
        gates = projected_t + jnp.matmul(state[0] * keep, recurrent_kernel)
        next_h, next_c = activate(gates, state[1] * keep)
        return (next_h, next_c), next_h

    keep = 1.0 - is_first.astype(jnp.float32)[..., None]
    _, outputs = jax.lax.scan(step, (state_h, state_c), (projected, keep))
    return outputs
