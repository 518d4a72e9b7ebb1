import dataclasses
import math

import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from xdrl.config import TrainingConfig
from xdrl.losses import Costs, Losses, actor_critic_losses, costs_at, policy_entropies, policy_losses
from xdrl.rollouts import Rollout
from xdrl.schedules import linear

CONFIG, COSTS = TrainingConfig("Pong", discount=0.9, gae_lambda=0.8), Costs(value=0.5, entropy=0.05)


def make_rollout(rewards, actions=None, terminated=(), truncated=(), first=(), bootstrap=0.0) -> Rollout:
    rewards = np.array(rewards, np.float32)
    steps, num_envs = rewards.shape
    flags = np.zeros((3, steps + 1, num_envs), bool)
    for flag, places in zip(flags, (terminated, truncated, first), strict=True):
        for place in places:
            flag[place] = True
    return Rollout(
        kept=(),
        actions=np.array(np.zeros(rewards.shape) if actions is None else actions, np.int32),
        rewards=rewards,
        is_terminated=flags[0, :-1],
        is_truncated=flags[1, :-1],
        is_first=flags[2],
        bootstrap_value=np.full(num_envs, bootstrap, np.float32),
    )


def losses_of(logits, values, rollout: Rollout, config: TrainingConfig = CONFIG) -> Losses:
    found = actor_critic_losses(np.asarray(logits, np.float32), np.asarray(values, np.float32), rollout, config, COSTS)
    return Losses(*(float(loss) for loss in found))


def test_the_loss_of_one_step_by_hand():
    # V = 0.5, r = 1, bootstrap 2, discount 0.9: R = 1 + 1.8 = 2.8 and A = R - V = 2.3.
    # Two equal logits: -log pi = ln 2 = the entropy. Policy 2.3 ln 2, value (2.8 - 0.5)^2 / 2 = 2.645.
    losses = losses_of([[[0, 0]]], [[0.5]], make_rollout([[1.0]], bootstrap=2.0))
    assert losses.policy == pytest.approx(2.3 * math.log(2), rel=1e-5)
    assert losses.value == pytest.approx(2.645, rel=1e-5)
    assert losses.entropy == pytest.approx(math.log(2), rel=1e-5)
    assert losses.total == pytest.approx(2.3 * math.log(2) + 0.5 * 2.645 - 0.05 * math.log(2), rel=1e-5)


def test_termination_takes_no_bootstrap_and_truncation_takes_one():
    # As above, but terminated: R = 1, error 0.5, value 0.125. Truncated: 2.645, as if it went on.
    terminated = losses_of([[[0, 0]]], [[0.5]], make_rollout([[1.0]], terminated=[(0, 0)], bootstrap=2.0))
    truncated = losses_of([[[0, 0]]], [[0.5]], make_rollout([[1.0]], truncated=[(0, 0)], bootstrap=2.0))
    assert terminated.value == pytest.approx(0.125, rel=1e-5)
    assert truncated.value == pytest.approx(2.645, rel=1e-5)


def test_what_follows_a_truncation_does_not_reach_back():
    # Step 0 is truncated: its return is 0 + 0.9 * V_1 = 0.9, whatever step 2 brings.
    places = {"truncated": [(0, 0)], "first": [(2, 0)]}
    poor, rich = (make_rollout([[0.0], [0.0], [reward]], **places) for reward in (0.0, 1.0))
    values = [[0.0], [1.0], [0.0]]
    gradients = []
    for rollout in (poor, rich):
        with tf.GradientTape() as tape:
            tape.watch(watched := tf.constant(values, tf.float32))
            total = actor_critic_losses(tf.zeros((3, 1, 2)), watched, rollout, CONFIG, COSTS).total
        gradients.append(tape.gradient(total, watched).numpy()[:, 0])
    assert gradients[0] == pytest.approx([0.5 * (0 - 0.9), 0, 0])
    assert gradients[1] == pytest.approx([0.5 * (0 - 0.9), 0, 0.5 * (0 - 1)])


def test_rewards_are_clipped():
    small, large = ([[sign * size], [0.0]] for sign, size in ((1, 1.0), (1, 400.0)))
    logits, values = np.zeros((2, 1, 3)), np.zeros((2, 1))
    assert losses_of(logits, values, make_rollout(large)) == losses_of(logits, values, make_rollout(small))
    wider = dataclasses.replace(CONFIG, reward_clip=500.0)
    assert losses_of(logits, values, make_rollout(large), wider).value > 100


def test_the_total_sums_over_time_and_averages_over_environments():
    # Every step terminates, with V = 0, r = 1: policy ln 2, value 1/2, entropy ln 2.
    step = math.log(2) + 0.5 * 0.5 - 0.05 * math.log(2)
    for steps, num_envs in ((1, 1), (4, 1), (1, 4), (3, 2)):
        ends = [(t, b) for t in range(steps) for b in range(num_envs)]
        rollout = make_rollout(np.ones((steps, num_envs)), terminated=ends)
        losses = losses_of(np.zeros((steps, num_envs, 2)), np.zeros((steps, num_envs)), rollout)
        assert losses.total == pytest.approx(steps * step, rel=1e-5)
        assert losses.value == pytest.approx(0.5, rel=1e-5)


def test_a_step_whose_action_is_ignored_counts_for_nothing():
    # A game ends at step 0; the action of step 1 is ignored, and step 2 begins the next game.
    generator = np.random.default_rng(2)
    logits, values = generator.normal(size=(3, 1, 4)), generator.normal(size=(3, 1))
    places = {"terminated": [(0, 0)], "first": [(2, 0)]}
    before = losses_of(logits, values, make_rollout([[1.0], [0.0], [1.0]], [[0], [1], [2]], **places))
    logits[1], values[1] = 5 * generator.normal(size=(1, 4)), 9.0
    after = losses_of(logits, values, make_rollout([[1.0], [-1.0], [1.0]], [[0], [3], [2]], **places))
    assert after == pytest.approx(before, rel=1e-6)


def test_means_are_over_the_steps_that_count():
    # Of two steps one is ignored: the mean entropy is that of the other one, ln 2.
    losses = losses_of(np.zeros((2, 1, 2)), np.zeros((2, 1)), make_rollout([[0.0], [0.0]], first=[(2, 0)]))
    assert losses.entropy == pytest.approx(math.log(2), rel=1e-5)


def test_a_rollout_in_which_nothing_counts_has_finite_losses():
    losses = losses_of(np.zeros((1, 1, 2)), np.zeros((1, 1)), make_rollout([[1.0]], first=[(1, 0)]))
    assert losses == Losses(0, 0, 0, 0)


def test_policy_loss_and_entropy_of_known_policies():
    logits = np.log(np.array([[0.5, 0.25, 0.25], [0.8, 0.1, 0.1]], np.float32))
    # -log 0.25 * 2 = 2.7726;  -log 0.8 * -1 = -0.2231
    found = ops.convert_to_numpy(policy_losses(logits, np.array([1, 0]), np.array([2.0, -1.0], np.float32)))
    assert found == pytest.approx([2.7725887, -0.22314355], rel=1e-5)
    # 0.5 ln 2 + 2 * 0.25 ln 4 = 1.0397;  -(0.8 ln 0.8 + 0.2 ln 0.1) = 0.6390
    assert ops.convert_to_numpy(policy_entropies(logits)) == pytest.approx([1.0397208, 0.6390319], rel=1e-5)
    assert np.isfinite(ops.convert_to_numpy(policy_entropies(np.array([[200.0, -200.0]], np.float32)))).all()


@pytest.fixture(scope="module")
def random_case() -> tuple[np.ndarray, np.ndarray, Rollout]:
    generator = np.random.default_rng(3)
    logits, values = generator.normal(size=(4, 2, 3)).astype(np.float32), generator.normal(size=(4, 2))
    rewards, actions = generator.integers(-1, 2, (4, 2)), generator.integers(0, 3, (4, 2))
    places = {"terminated": [(1, 0)], "truncated": [(0, 1)], "first": [(3, 0), (2, 1)]}
    return logits, values.astype(np.float32), make_rollout(rewards, actions, bootstrap=0.7, **places)


def test_gradients_are_those_of_the_formula(random_case):
    logits, values, rollout = random_case
    with tf.GradientTape() as tape:
        watched = tf.constant(logits), tf.constant(values)
        tape.watch(watched)
        total = actor_critic_losses(*watched, rollout, CONFIG, COSTS).total
    by_logits, by_values = (gradient.numpy() for gradient in tape.gradient(total, watched))

    advantages, returns = naive_targets(values, rollout)
    policy = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    entropy = -(policy * np.log(policy)).sum(-1, keepdims=True)
    counted = ~rollout.is_first[1:, :, None] / 2  # averaged over two environments
    # d(-log pi_a A) = (pi - onehot) A and d(-H) = pi (log pi + H), both by the logits.
    expected = (policy - np.eye(3)[rollout.actions]) * advantages[..., None] + 0.05 * policy * (
        np.log(policy) + entropy
    )
    np.testing.assert_allclose(by_logits, expected * counted, atol=1e-5)
    np.testing.assert_allclose(by_values, 0.5 * (values - returns) * counted[..., 0], atol=1e-5)


def naive_targets(values: np.ndarray, rollout: Rollout) -> tuple[np.ndarray, np.ndarray]:
    """Advantages and returns, step by step with an `if` for every case."""
    advantages, returns = np.zeros((4, 2)), np.zeros((4, 2))
    for b in range(2):
        following, advantage, outcome = rollout.bootstrap_value[b], 0.0, rollout.bootstrap_value[b]
        for t in reversed(range(4)):
            if rollout.is_terminated[t, b]:
                following, advantage, outcome = 0.0, 0.0, 0.0
            elif rollout.is_truncated[t, b]:
                advantage, outcome = 0.0, following
            advantage = rollout.rewards[t, b] + 0.9 * following - values[t, b] + 0.9 * 0.8 * advantage
            outcome = rollout.rewards[t, b] + 0.9 * outcome
            advantages[t, b], returns[t, b], following = advantage, outcome, values[t, b]
    return advantages, returns


def test_gradients_by_the_logits_are_the_slopes_of_the_loss(random_case):
    logits, values, rollout = random_case
    with tf.GradientTape() as tape:
        tape.watch(watched := tf.constant(logits))
        total = actor_critic_losses(watched, values, rollout, CONFIG, COSTS).total
    gradient = tape.gradient(total, watched).numpy()
    for place in np.ndindex(logits.shape):
        nudge = np.zeros_like(logits)
        nudge[place] = 0.02
        rise = losses_of(logits + nudge, values, rollout).total - losses_of(logits - nudge, values, rollout).total
        assert rise / 0.04 == pytest.approx(gradient[place], abs=2e-3)


def test_the_costs_follow_their_schedules():
    config = TrainingConfig("Pong", agent_steps=1000, entropy_cost=linear((0, 0.02), (0.5, 0.01)))
    found = [costs_at(config, steps) for steps in (0, 250, 500, 2000)]
    assert [cost.entropy for cost in found] == pytest.approx([0.02, 0.015, 0.01, 0.01])
    assert {cost.value for cost in found} == {0.5}
