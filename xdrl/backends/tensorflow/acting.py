"""Acting: how TensorFlow uses the machine, and a network's step, compiled."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from xdrl.agent_networks import AgentNetwork, take_step
from xdrl.machine import count_cores
from xdrl.networks import Network
from xdrl.preprocessing import SCREEN_HEIGHT, SCREEN_WIDTH


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


class Decided(NamedTuple):
    """What a compiled step gives: `Outputs`, and the probabilities of the actions, float32 [N, A]."""

    logits: np.ndarray
    values: np.ndarray
    probabilities: np.ndarray
    memory: tuple[np.ndarray, ...]


def step_input_signature(network: AgentNetwork) -> tuple[tf.TensorSpec, ...]:
    """Returns what a network's step takes, of any batch size: screens, and the parts of its memory."""
    parts = (tf.TensorSpec([None, *part.shape], part.dtype) for part in network.memory_parts.values())
    return tf.TensorSpec([None, SCREEN_HEIGHT, SCREEN_WIDTH, 3], tf.uint8), *parts


def compile_act(network: AgentNetwork) -> Callable[..., Decided]:
    """Compiles the network's step: screens and the parts of its memory to what it decides, as arrays."""

    def act(screens: tf.Tensor, *memory: tf.Tensor) -> Decided:
        found = take_step(network, screens, memory)
        return Decided(found.logits, found.values, network.weigh_actions(found.logits), found.memory)

    compiled = tf.function(act, input_signature=step_input_signature(network), autograph=False)
    return lambda *inputs: tf.nest.map_structure(lambda output: output.numpy(), compiled(*inputs))


def initial_state(network: Network, num_envs: int) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns the core state of games that start, float32 [B, H] twice."""
    zeros = tf.zeros((num_envs, network.core_size))
    return zeros, zeros
