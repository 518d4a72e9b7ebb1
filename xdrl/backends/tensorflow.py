"""TensorFlow: `GradientTape` for the gradients, `tf.function` for the compilation."""

from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf

from xdrl.config import TrainingConfig
from xdrl.learner import Gradients
from xdrl.losses import actor_critic_losses
from xdrl.networks import Network
from xdrl.preprocessing import SCREEN_HEIGHT, SCREEN_WIDTH
from xdrl.rollouts import Act, Rollout


def use_threads(num_threads: int) -> None:
    """Gives every operation one core and lets `num_threads` run side by side; call before TensorFlow starts.

    Two threads of one core each beat one thread of two cores at this network's sizes.
    """
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(num_threads)


def step_input_signature(network: Network) -> tuple[tf.TensorSpec, tf.TensorSpec, tf.TensorSpec]:
    """Returns what a network's step takes, of any batch size: screens, state_h, state_c."""
    state = tf.TensorSpec([None, network.core_size], tf.float32)
    return tf.TensorSpec([None, SCREEN_HEIGHT, SCREEN_WIDTH, 3], tf.uint8), state, state


def compile_act(network: Network) -> Act:
    """Compiles the network's step: screens and core state to logits, value and the next core state."""
    compiled = tf.function(lambda *inputs: network.step(list(inputs)), input_signature=step_input_signature(network))

    def act(
        screens: np.ndarray, state_h: np.ndarray, state_c: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        logits, values, next_h, next_c = compiled(screens, state_h, state_c)
        return logits.numpy(), values.numpy(), next_h.numpy(), next_c.numpy()

    return act


class GradientFunction:
    """The gradients of a rollout's loss with respect to a network's weights, clipped by their global norm."""

    def __init__(self, network: Network, config: TrainingConfig) -> None:
        """Fixes the network, the loss and the clip; compiled on first use."""
        self._network, self._config = network, config
        self._compiled = tf.function(self._compute)

    def __call__(self, rollout: Rollout) -> Gradients:
        """Computes the gradients of one rollout."""
        gradients, norm, losses = self._compiled(Rollout(*(tf.convert_to_tensor(field) for field in rollout)))
        return Gradients(
            gradients=gradients,
            norm=float(norm),
            policy_loss=float(losses.policy),
            value_loss=float(losses.value),
            entropy=float(losses.entropy),
        )

    def _compute(self, rollout: Rollout) -> tuple:
        with tf.GradientTape() as tape:
            logits, values = self._network.unroll(
                rollout.screens, rollout.state_h, rollout.state_c, rollout.is_first[:-1]
            )
            losses = actor_critic_losses(logits, values, rollout, self._config)
        gradients = tape.gradient(losses.total, [weight.value for weight in self._network.weights])
        norm = tf.linalg.global_norm(gradients)
        clipped, _ = tf.clip_by_global_norm(gradients, self._config.gradient_norm_clip, norm)
        return clipped, norm, losses


class ApplyFunction:
    """Applies gradients to weights through an optimizer, in one graph."""

    def __init__(self, optimizer: keras.Optimizer, weights: Sequence[keras.Variable]) -> None:
        """Makes the optimizer's statistics for these weights."""
        optimizer.build(weights)
        self._compiled = tf.function(lambda gradients: optimizer.apply(gradients))

    def __call__(self, gradients: Sequence[tf.Tensor]) -> None:
        """Applies one set of gradients, in the order of the weights."""
        self._compiled(list(gradients))


class CopyFunction:
    """Copies weights into another network's, in one graph."""

    def __init__(self, source: Sequence[keras.Variable], target: Sequence[keras.Variable]) -> None:
        """Fixes what is copied where; both in the same order."""
        self._pairs = [(origin.value, copy.value) for origin, copy in zip(source, target, strict=True)]
        self._compiled = tf.function(self._copy)

    def __call__(self) -> None:
        """Copies once."""
        self._compiled()

    def _copy(self) -> None:
        for origin, copy in self._pairs:
            copy.assign(origin)
