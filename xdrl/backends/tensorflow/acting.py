"""Acting: a network's step, compiled; and a worker's policy, which keeps of each step what learning needs."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from xdrl.backends.tensorflow.core import CoreOutputs
from xdrl.backends.tensorflow.torso import KeptTorso, TorsoOutputs
from xdrl.config import TrainingConfig
from xdrl.cores import activate
from xdrl.machine import count_cores
from xdrl.networks import Network
from xdrl.preprocessing import SCREEN_HEIGHT, SCREEN_WIDTH
from xdrl.rollouts import Step


def use_threads(num_threads: int) -> None:
    """Gives every operation one core and lets the threads run side by side; call before TensorFlow starts.

    Two threads of one core each beat one thread of two cores at this network's sizes. More threads than cores share
    the cores operation by operation, and never two operations one core.
    """
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(min(num_threads, count_cores()))


def has_gpu() -> bool:
    """Says whether TensorFlow sees a GPU."""
    return bool(tf.config.list_physical_devices("GPU"))


def step_input_signature(network: Network) -> tuple[tf.TensorSpec, tf.TensorSpec, tf.TensorSpec]:
    """Returns what a network's step takes, of any batch size: screens, state_h, state_c."""
    state = tf.TensorSpec([None, network.core_size], tf.float32)
    return tf.TensorSpec([None, SCREEN_HEIGHT, SCREEN_WIDTH, 3], tf.uint8), state, state


def compile_act(network: Network) -> Callable[..., tuple[np.ndarray, ...]]:
    """Compiles the network's step: screens, state_h, state_c to logits, value and the next two, as arrays."""
    signature = step_input_signature(network)
    compiled = tf.function(lambda *inputs: network.step(list(inputs)), input_signature=signature, autograph=False)
    return lambda *inputs: tuple(output.numpy() for output in compiled(*inputs))


class Kept(NamedTuple):
    """What a step computed, kept for its gradients.

    Attributes:
        torso: up to the features.
        core: from the features to the next core state.
        next_h: float32 [B, H], the core's output.
    """

    torso: TorsoOutputs
    core: CoreOutputs
    next_h: tf.Tensor


class Policy:
    """A worker's network as it plays: every product runs once, and what it gave is kept for the gradients."""

    def __init__(self, network: Network, config: TrainingConfig) -> None:
        """Fixes the network, whose weights may change between rollouts, and what its convolutions are computed in."""
        self._network, self._torso = network, KeptTorso(network, config.convolution_dtype)
        signature = (*step_input_signature(network), tf.TensorSpec([None], tf.bool))
        self._compiled = tf.function(self._step, input_signature=signature, autograph=False)

    def initial_state(self, num_envs: int) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns the core state of games that start, float32 [B, H] twice."""
        zeros = tf.zeros((num_envs, self._network.core_size))
        return zeros, zeros

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
        return logits, values, (next_h, next_c), Kept(torso, CoreOutputs(state_h, state_c, gates), next_h)
