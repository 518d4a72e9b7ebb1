"""Acting: a worker's policy, compiled; it keeps of each step what learning needs, on the device."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from xdrl.backends.jax.stateless import values_of, with_weights
from xdrl.config import TrainingConfig
from xdrl.networks import Network
from xdrl.rollouts import KeptObservation, Step


def use_threads(num_threads: int) -> None:
    """Does nothing: XLA shares the cores among the workers by itself, and a GPU has its own."""


def has_gpu() -> bool:
    """Says whether JAX runs on an accelerator."""
    return jax.default_backend() != "cpu"


def describe_path(network: Network, config: TrainingConfig) -> str | None:
    """Says nothing: every network takes the same path."""
    return None


class Policy:
    """A worker's network as it plays: the screens go to the device once, as bytes, and logits and values come back."""

    def __init__(self, network: Network, config: TrainingConfig) -> None:
        """Fixes the network, whose weights may change between steps; all is float32, whatever `config` says."""
        self._network = network
        self._compiled = jax.jit(self._step)

    def initial_state(self, num_envs: int) -> tuple[jax.Array, jax.Array]:
        """Returns the core state of games that start, float32 [B, H] twice."""
        zeros = jnp.zeros((num_envs, self._network.core_size), jnp.float32)
        return zeros, zeros

    def act(self, screens: np.ndarray, state: tuple[jax.Array, jax.Array], is_first: np.ndarray) -> Step:
        """Takes one step; the state is zeroed where a game starts."""
        weights = values_of(self._network.weights)
        judged, next_state, observation = self._compiled(weights, screens, *state, is_first)
        # Waits for the step, and with it for the screens: the emulator may then write over them.
        logits, values = jax.device_get(judged)
        return Step(logits, values, next_state, KeptObservation(observation, *state))

    def _step(
        self,
        weights: Sequence[jax.Array],
        screens: jax.Array,
        state_h: jax.Array,
        state_c: jax.Array,
        is_first: jax.Array,
    ) -> Any:
        network, keep = self._network, 1.0 - is_first.astype(jnp.float32)[:, None]
        with with_weights(network, weights):
            observation = network.preprocess(screens)
            feature_map = network.extract(observation)
            logits, values, *next_state = network.decide([feature_map, state_h * keep, state_c * keep])
        return (logits, values), tuple(next_state), observation
