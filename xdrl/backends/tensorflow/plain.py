"""The plain path, for any network: a policy that plays, and one `GradientTape` over everything."""

from typing import Any

import numpy as np
import tensorflow as tf

from xdrl.backends.tensorflow.acting import initial_state, step_input_signature
from xdrl.config import TrainingConfig
from xdrl.losses import Costs, Losses, actor_critic_losses
from xdrl.messages import Gradients
from xdrl.networks import Network
from xdrl.rollouts import KeptObservation, Rollout, Step


class PlainPolicy:
    """A worker's network as it plays."""

    def __init__(self, network: Network) -> None:
        """Fixes the network, whose weights may change between rollouts."""
        self._network = network
        signature = (*step_input_signature(network), tf.TensorSpec([None], tf.bool))
        self._compiled = tf.function(self._step, input_signature=signature, autograph=False)

    def initial_state(self, num_envs: int) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns the core state of games that start, float32 [B, H] twice."""
        return initial_state(self._network, num_envs)

    def act(self, screens: np.ndarray, state: tuple[tf.Tensor, tf.Tensor], is_first: np.ndarray) -> Step:
        """Takes one step; the state is zeroed where a game starts."""
        logits, values, next_state, observation = self._compiled(screens, *state, is_first)
        return Step(logits.numpy(), values.numpy(), next_state, KeptObservation(observation, *state))

    def _step(self, screens: tf.Tensor, state_h: tf.Tensor, state_c: tf.Tensor, is_first: tf.Tensor) -> Any:
        keep = 1.0 - tf.cast(is_first, tf.float32)[:, None]
        observation = self._network.preprocess(screens)
        feature_map = self._network.extract(observation)
        logits, values, *next_state = self._network.decide([feature_map, state_h * keep, state_c * keep])
        return logits, values, tuple(next_state), observation


class PlainGradients:
    """The gradients of a rollout's loss with respect to a network's weights, clipped by their global norm."""

    def __init__(self, network: Network, config: TrainingConfig) -> None:
        """Fixes the network, the loss and the clip; compiled on first use."""
        self._network, self._config = network, config
        self._compiled = tf.function(self._compute, autograph=False)

    def __call__(self, rollout: Rollout, costs: Costs) -> Gradients:
        """Computes the gradients of a rollout that this network has just played."""
        arrays = Rollout(rollout.kept, *(tf.convert_to_tensor(field) for field in rollout[1:]))
        gradients, norm, losses = self._compiled(arrays, Costs(*(tf.constant(cost, tf.float32) for cost in costs)))
        return Gradients.of(gradients, norm, losses)

    def _compute(self, rollout: Rollout, costs: Costs) -> tuple[list[tf.Tensor], tf.Tensor, Losses]:
        first, observations = rollout.kept[0], tf.stack([step.observation for step in rollout.kept])
        with tf.GradientTape() as tape:
            judged = self._network.unroll(observations, first.state_h, first.state_c, rollout.is_first[:-1])
            losses = actor_critic_losses(*judged, rollout, self._config, costs)
        gradients = tape.gradient(losses.total, [weight.value for weight in self._network.weights])
        return *tf.clip_by_global_norm(gradients, self._config.gradient_norm_clip), losses
