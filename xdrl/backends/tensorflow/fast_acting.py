"""The fast path's policy: of each step it keeps what every product gave, so that learning computes none again."""

from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from xdrl.backends.tensorflow.acting import initial_state, step_input_signature
from xdrl.backends.tensorflow.core import CoreOutputs
from xdrl.backends.tensorflow.torso import KeptTorso, TorsoOutputs
from xdrl.config import TrainingConfig
from xdrl.cores import activate
from xdrl.networks import Network
from xdrl.rollouts import Step


class FastKept(NamedTuple):
    """What a step computed, kept for its gradients.

    Attributes:
        torso: up to the features.
        core: from the features to the next core state.
        next_h: float32 [B, H], the core's output.
    """

    torso: TorsoOutputs
    core: CoreOutputs
    next_h: tf.Tensor


class FastPolicy:
    """A worker's network as it plays: every product runs once, and what it gave is kept for the gradients."""

    def __init__(self, network: Network, config: TrainingConfig) -> None:
        """Fixes the network, whose weights may change between rollouts, and what its convolutions are computed in."""
        self._network, self._torso = network, KeptTorso(network, config.convolution_dtype)
        signature = (*step_input_signature(network), tf.TensorSpec([None], tf.bool))
        self._compiled = tf.function(self._step, input_signature=signature, autograph=False)

    def initial_state(self, num_envs: int) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns the core state of games that start, float32 [B, H] twice."""
        return initial_state(self._network, num_envs)

    def act(self, screens: np.ndarray, state: tuple[tf.Tensor, tf.Tensor], is_first: np.ndarray) -> Step:
        """Takes one step; the state is zeroed where a game starts."""
        logits, values, next_state, kept = self._compiled(screens, *state, is_first)
        return Step(logits.numpy(), values.numpy(), next_state, kept)

    def _step(self, screens: tf.Tensor, state_h: tf.Tensor, state_c: tf.Tensor, is_first: tf.Tensor) -> Any:
        network, keep = self._network, 1.0 - tf.cast(is_first, tf.float32)[:, None]
        state_h, state_c = state_h * keep, state_c * keep
        torso = self._torso.forward(screens)
        gates = network.core.gates(torso.features, state_h)
        next_h, next_c = activate(gates, state_c)
        logits, values = network.policy_head(next_h), network.value_head(next_h)[:, 0]
        return logits, values, (next_h, next_c), FastKept(torso, CoreOutputs(state_h, state_c, gates), next_h)
