"""The fast path's gradients, in two parts: from the features on at once, the convolutions step by step.

The recurrent core needs all steps together. The convolutions do not, and a few screens at a time stay in the cache.
"""

from typing import Any

import keras
import tensorflow as tf

from xdrl.backends.tensorflow.core import CoreOutputs, core_gradients
from xdrl.backends.tensorflow.torso import KeptTorso, TorsoOutputs
from xdrl.config import TrainingConfig
from xdrl.losses import Costs, actor_critic_losses
from xdrl.messages import Gradients
from xdrl.networks import Network
from xdrl.rollouts import Rollout


class FastGradients:
    """The gradients of a rollout's loss with respect to a network's weights, clipped by their global norm."""

    def __init__(self, network: Network, config: TrainingConfig) -> None:
        """Fixes the network, the loss and the clip; compiled on first use."""
        self._network, self._config, self._torso = network, config, KeptTorso(network, config.convolution_dtype)
        core = network.core
        self._head_weights: list[keras.Variable] = [*network.policy_head.weights, *network.value_head.weights]
        parts = [*self._torso.weights, core.kernel, core.recurrent_kernel, core.bias, *self._head_weights]
        places = {weight.path: place for place, weight in enumerate(parts)}
        self._order = [places[weight.path] for weight in network.weights]
        self._compiled_later, self._compiled_torso, self._compiled_clip = (
            tf.function(function, autograph=False) for function in (self._compute_later, self._add_torso, self._clip)
        )

    def __call__(self, rollout: Rollout, costs: Costs) -> Gradients:
        """Computes the gradients of a rollout that this network has just played."""
        costs = Costs(*(tf.convert_to_tensor(cost, tf.float32) for cost in costs))
        arrays = Rollout((), *(tf.convert_to_tensor(field) for field in rollout[1:]))
        features = tuple(step.torso.features for step in rollout.kept)
        core = tuple(step.core for step in rollout.kept)
        later, by_features, losses = self._compiled_later(
            features, core, tuple(step.next_h for step in rollout.kept), arrays, costs
        )
        sums = [tf.zeros(weight.shape) for weight in self._torso.weights]
        for step, upstream in zip(rollout.kept, by_features, strict=True):
            sums = self._compiled_torso(sums, step.torso, upstream)
        gradients, norm = self._compiled_clip([*sums, *later])
        return Gradients.of(gradients, norm, losses)

    def _compute_later(
        self,
        features: tuple[tf.Tensor, ...],
        core: tuple[CoreOutputs, ...],
        outputs: tuple[tf.Tensor, ...],
        rollout: Rollout,
        costs: Costs,
    ) -> tuple[list[tf.Tensor], list[tf.Tensor], Any]:
        """Computes the gradients by the weights of core and heads, and by each step's features."""
        stacked_outputs = tf.stack(outputs)
        with tf.GradientTape() as tape:
            tape.watch(stacked_outputs)
            logits, values = self._network.judge(stacked_outputs)
            losses = actor_critic_losses(logits, values, rollout, self._config, costs)
        head_weights = [weight.value for weight in self._head_weights]
        upstream, *by_heads = tape.gradient(losses.total, [stacked_outputs, *head_weights])
        stacked = CoreOutputs(*(tf.stack(field) for field in zip(*core, strict=True)))
        found = core_gradients(self._network.core, tf.concat(features, 0), stacked, rollout.is_first[:-1], upstream)
        by_features, *by_core = found
        return [*by_core, *by_heads], tf.split(by_features, len(features)), losses

    def _add_torso(self, sums: list[tf.Tensor], outputs: TorsoOutputs, upstream: tf.Tensor) -> list[tf.Tensor]:
        gradients = self._torso.backward(outputs, upstream)
        return [total + gradient for total, gradient in zip(sums, gradients, strict=True)]

    def _clip(self, parts: list[tf.Tensor]) -> tuple[list[tf.Tensor], tf.Tensor]:
        """Brings the gradients into the weights' order, and scales them down where their norm is too large."""
        gradients = [parts[place] for place in self._order]
        norm, limit = tf.linalg.global_norm(gradients), self._config.gradient_norm_clip
        clipped = tf.cond(norm > limit, lambda: [part * (limit / norm) for part in gradients], lambda: gradients)
        return clipped, norm
