"""Returns and advantages, backwards in time, as pure functions."""

from typing import Any

from keras import ops


def n_step_returns(rewards: Any, discounts: Any, continues: Any, values: Any, bootstrap_value: Any) -> Any:
    """Computes the n-step returns of a rollout.

    R_t = r_t + d_t * (R_{t+1} if the episode goes on in the rollout, else V(s_{t+1})), with V(s_T) the bootstrap.

    Args:
        rewards: float32 [T, B].
        discounts: float32 [T, B], the discount, 0 where the step terminated the episode.
        continues: float32 [T, B], 0 where the step terminated or truncated the episode, else 1.
        values: float32 [T, B], V(s_t).
        bootstrap_value: float32 [B], V(s_T).

    Returns:
        float32 [T, B].

    Source: Mnih et al. 2016, algorithm S3.
    """
    return generalised_advantages(rewards, discounts, continues, values, bootstrap_value) + values


def generalised_advantages(rewards: Any, discounts: Any, traces: Any, values: Any, bootstrap_value: Any) -> Any:
    """Computes generalised advantage estimates.

    A_t = r_t + d_t * V(s_{t+1}) - V(s_t) + d_t * c_t * A_{t+1}, and A_T = 0.

    Args:
        rewards: float32 [T, B]; T is static.
        discounts: float32 [T, B], the discount, 0 where the step terminated the episode.
        traces: float32 [T, B], lambda, 0 where the step terminated or truncated the episode.
        values: float32 [T, B], V(s_t).
        bootstrap_value: float32 [B], V(s_T).

    Returns:
        float32 [T, B].

    Source: Schulman et al. 2016, eq. 16.
    """
    next_values = ops.concatenate([values[1:], bootstrap_value[None]], axis=0)
    errors = rewards + discounts * next_values - values
    advantage = ops.zeros_like(bootstrap_value)
    advantages = []
    for t in reversed(range(rewards.shape[0])):
        advantage = errors[t] + discounts[t] * traces[t] * advantage
        advantages.append(advantage)
    return ops.stack(advantages[::-1])
