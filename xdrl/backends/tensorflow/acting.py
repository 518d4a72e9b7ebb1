"""Acting: how TensorFlow uses the machine, and a network's step, compiled."""

from collections.abc import Callable

import numpy as np
import tensorflow as tf

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


def step_input_signature(network: Network) -> tuple[tf.TensorSpec, tf.TensorSpec, tf.TensorSpec]:
    """Returns what a network's step takes, of any batch size: screens, state_h, state_c."""
    state = tf.TensorSpec([None, network.core_size], tf.float32)
    return tf.TensorSpec([None, SCREEN_HEIGHT, SCREEN_WIDTH, 3], tf.uint8), state, state


def compile_act(network: Network) -> Callable[..., tuple[np.ndarray, ...]]:
    """Compiles the network's step: screens, state_h, state_c to logits, value and the next two, as arrays."""
    signature = step_input_signature(network)
    compiled = tf.function(lambda *inputs: network.step(list(inputs)), input_signature=signature, autograph=False)
    return lambda *inputs: tuple(output.numpy() for output in compiled(*inputs))


def initial_state(network: Network, num_envs: int) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns the core state of games that start, float32 [B, H] twice."""
    zeros = tf.zeros((num_envs, network.core_size))
    return zeros, zeros
