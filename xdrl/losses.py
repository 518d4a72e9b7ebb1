"""The loss of advantage actor-critic, as pure functions."""

from typing import Any, NamedTuple

from keras import ops

from xdrl.config import TrainingConfig
from xdrl.returns import generalised_advantages, n_step_returns
from xdrl.rollouts import Rollout


class Costs(NamedTuple):
    """Weights of a loss's parts at one moment of a run, float or scalar tensors.

    Attributes:
        value: of the half-squared error of the value.
        entropy: of the policy's entropy in nats.
    """

    value: Any
    entropy: Any


class Losses(NamedTuple):
    """Scalars, float32.

    Attributes:
        total: what is minimised; summed over time, averaged over environments.
        policy: mean policy loss of a step.
        value: mean half-squared error of the value.
        entropy: mean entropy of the policy, in nats.
    """

    total: Any
    policy: Any
    value: Any
    entropy: Any


def costs_at(config: TrainingConfig, agent_steps: int) -> Costs:
    """Returns what the schedules of a run say after so many agent steps."""
    progress = config.progress(agent_steps)
    return Costs(config.value_cost(progress), config.entropy_cost(progress))


def actor_critic_losses(logits: Any, values: Any, rollout: Rollout, config: TrainingConfig, costs: Costs) -> Losses:
    """Computes the losses of a rollout; the steps whose action the environment ignored count for nothing.

    Args:
        logits: float32 [T, B, A].
        values: float32 [T, B].
        rollout: the steps, with `is_first` [T + 1, B].
        config: discount, GAE lambda and the reward clip.
        costs: of value and entropy.

    Returns:
        the four losses.

    Source: Mnih et al. 2016, algorithm S3, with the advantages of Schulman et al. 2016.
    """
    rewards = ops.clip(rollout.rewards, -config.reward_clip, config.reward_clip)
    goes_on = 1.0 - ops.cast(rollout.is_terminated, "float32")
    continues = goes_on * (1.0 - ops.cast(rollout.is_truncated, "float32"))
    discounts = config.discount * goes_on
    is_counted = 1.0 - ops.cast(rollout.is_first[1:], "float32")
    fixed_values = ops.stop_gradient(values)
    advantages = generalised_advantages(
        rewards, discounts, config.gae_lambda * continues, fixed_values, rollout.bootstrap_value
    )
    returns = n_step_returns(rewards, discounts, continues, fixed_values, rollout.bootstrap_value)

    policy = policy_losses(logits, rollout.actions, advantages) * is_counted
    value = 0.5 * ops.square(returns - values) * is_counted
    entropy = policy_entropies(logits) * is_counted
    total = policy + costs.value * value - costs.entropy * entropy
    num_counted = ops.maximum(ops.sum(is_counted), 1.0)
    return Losses(
        total=ops.sum(total) / rewards.shape[1],
        policy=ops.sum(policy) / num_counted,
        value=ops.sum(value) / num_counted,
        entropy=ops.sum(entropy) / num_counted,
    )


def policy_losses(logits: Any, actions: Any, advantages: Any) -> Any:
    """Computes -log pi(a_t | s_t) * A_t.

    Args:
        logits: float32 [..., A].
        actions: int32 [...].
        advantages: float32 [...], constants.

    Returns:
        float32 [...].
    """
    log_probabilities = ops.log_softmax(logits)
    taken = ops.sum(log_probabilities * ops.one_hot(actions, logits.shape[-1]), axis=-1)
    return -taken * advantages


def policy_entropies(logits: Any) -> Any:
    """Computes the entropy of each policy, in nats: float32 [..., A] to [...]."""
    return -ops.sum(ops.softmax(logits) * ops.log_softmax(logits), axis=-1)
