"""The gradients of a rollout's loss, in one function: forward over all steps at once, and back."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp

from xdrl.backends.jax.stateless import values_of, with_weights
from xdrl.config import TrainingConfig
from xdrl.losses import Costs, Losses, actor_critic_losses
from xdrl.messages import Gradients
from xdrl.networks import Network
from xdrl.rollouts import KeptObservation, Rollout


class GradientFunction:
    """The gradients of a rollout's loss with respect to a network's weights, clipped by their global norm."""

    def __init__(self, network: Network, config: TrainingConfig) -> None:
        """Fixes the network, the loss and the clip; compiled on first use."""
        self._network, self._config = network, config
        self._compiled = jax.jit(self._compute)

    def __call__(self, rollout: Rollout, costs: Costs) -> Gradients:
        """Computes the gradients of a rollout that this network has just played; they stay on the device."""
        weights = values_of(self._network.weights)
        gradients, norm, losses = self._compiled(weights, rollout.kept, rollout._replace(kept=()), costs)
        norm, losses = jax.device_get((norm, losses))
        return Gradients.of(gradients, norm, losses)

    def _compute(
        self, weights: list[jax.Array], kept: tuple[KeptObservation, ...], rollout: Rollout, costs: Costs
    ) -> Any:
        (_, losses), gradients = jax.value_and_grad(self._losses, has_aux=True)(weights, kept, rollout, costs)
        norm = jnp.sqrt(sum(jnp.sum(jnp.square(gradient)) for gradient in gradients))
        limit = self._config.gradient_norm_clip
        scale = jnp.where(norm > limit, limit / norm, 1.0)
        return [gradient * scale for gradient in gradients], norm, losses

    def _losses(
        self, weights: Sequence[jax.Array], kept: tuple[KeptObservation, ...], rollout: Rollout, costs: Costs
    ) -> tuple[jax.Array, Losses]:
        first, observations = kept[0], jnp.stack([step.observation for step in kept])
        with with_weights(self._network, weights):
            judged = self._network.unroll(observations, first.state_h, first.state_c, rollout.is_first[:-1])
            losses = actor_critic_losses(*judged, rollout, self._config, costs)
        return losses.total, losses
