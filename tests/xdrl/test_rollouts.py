from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest

from xdrl.environments import VectorEnvironment
from xdrl.games import Game, Protocol, find_game
from xdrl.rollouts import Rollout, RolloutCollector, Step, sample_actions

SHORT = Protocol(max_frames=400)
"""Games of about 100 steps."""


class Counter:
    """A policy of six equal actions, whose core counts the steps since a game began; it remembers what it saw."""

    def __init__(self) -> None:
        self.seen: list[tuple[np.ndarray, np.ndarray]] = []

    def initial_state(self, num_envs: int) -> np.ndarray:
        return np.zeros(num_envs, np.float32)

    def act(self, screens: np.ndarray, state: np.ndarray, is_first: np.ndarray) -> Step:
        state = np.where(is_first, 0, state)
        self.seen.append((screens, state))
        return Step(np.zeros((len(screens), 6), np.float32), state + 10, state + 1, (screens, state))


@pytest.fixture(scope="module")
def qbert() -> Game:
    return find_game("Qbert")


@pytest.fixture
def environment(qbert: Game) -> Iterator[VectorEnvironment]:
    environment = VectorEnvironment(qbert, 2, SHORT, life_loss_terminates=True)
    yield environment
    environment.close()


def start(environment: VectorEnvironment, seed: int = 0, policy: Counter | None = None) -> RolloutCollector:
    screens = environment.reset(seed)
    return RolloutCollector(environment, screens, policy or Counter(), np.random.default_rng(seed))


def joined(rollouts: list[Rollout], name: str) -> np.ndarray:
    return np.concatenate([getattr(rollout, name) for rollout in rollouts])


def test_a_rollout_has_the_promised_shapes(environment: VectorEnvironment):
    rollout, _ = start(environment).collect(5)
    assert len(rollout.kept) == 5
    shapes = {name: field.shape for name, field in rollout._asdict().items() if name != "kept"}
    assert shapes == {
        "actions": (5, 2),
        "rewards": (5, 2),
        "is_terminated": (5, 2),
        "is_truncated": (5, 2),
        "is_first": (6, 2),
        "bootstrap_value": (2,),
    }
    assert [field.dtype for field in rollout[1:]] == [np.int32, np.float32, bool, bool, bool, np.float32]


def test_the_core_state_is_zero_exactly_where_a_game_starts(environment: VectorEnvironment):
    policy = Counter()
    collector = start(environment, policy=policy)
    rollouts = [collector.collect(20)[0] for _ in range(12)]
    del policy.seen[20::21]  # the look ahead for the bootstrap value
    is_first = joined([rollout._replace(is_first=rollout.is_first[:-1]) for rollout in rollouts], "is_first")
    ages = np.zeros(2)
    for t, (_, state) in enumerate(policy.seen):
        ages = np.where(is_first[t], 0, ages)
        np.testing.assert_array_equal(state, ages)
        ages = ages + 1
    assert is_first.sum() >= 4
    assert joined(rollouts, "is_terminated").sum() >= 3  # lives were lost, and the state lived on


def test_a_rollout_begins_where_the_last_one_ended(environment: VectorEnvironment):
    policy = Counter()
    collector = start(environment, policy=policy)
    first, _ = collector.collect(7)
    second, _ = collector.collect(7)
    assert first.is_first[0].all()
    assert first.kept[0][1].tolist() == [0, 0]
    assert second.kept[0][1].tolist() == [7, 7]
    np.testing.assert_array_equal(second.is_first[0], first.is_first[-1])
    np.testing.assert_array_equal(policy.seen[7][0], second.kept[0][0])  # the bootstrap's screen
    assert first.bootstrap_value.tolist() == [17, 17]


def test_what_the_policy_kept_is_in_the_order_of_the_steps(environment: VectorEnvironment):
    rollout, _ = start(environment).collect(4)
    assert [kept[1].tolist() for kept in rollout.kept] == [[0, 0], [1, 1], [2, 2], [3, 3]]


def test_replaying_a_rollouts_actions_gives_its_screens_and_rewards(environment: VectorEnvironment, qbert: Game):
    rollout, _ = start(environment, seed=4).collect(120)
    replay = VectorEnvironment(qbert, 2, SHORT, life_loss_terminates=True)
    screens = replay.reset(seed=4)
    for t in range(120):
        np.testing.assert_array_equal(rollout.kept[t][0], screens)
        steps = replay.step(rollout.actions[t])
        np.testing.assert_array_equal(rollout.rewards[t], steps.rewards)
        np.testing.assert_array_equal(rollout.is_terminated[t], steps.is_terminated)
        np.testing.assert_array_equal(rollout.is_truncated[t], steps.is_truncated)
        np.testing.assert_array_equal(rollout.is_first[t + 1], steps.is_first)
        screens = steps.screens
    replay.close()


def test_scores_are_the_whole_games_true_ones_without_the_first(environment: VectorEnvironment):
    collector = start(environment, seed=1)
    results = [collector.collect(20) for _ in range(25)]
    rollouts, scores = [rollout for rollout, _ in results], [score for _, found in results for score in found]
    rewards, after = joined(rollouts, "rewards"), np.concatenate([rollout.is_first[1:] for rollout in rollouts])
    expected = []
    for b in range(2):
        starts = np.flatnonzero(after[:, b])  # the step that leads to a game's first screen
        expected += [rewards[first + 1 : last, b].sum() for first, last in pairwise(starts)]
    assert len(scores) >= 4
    assert sorted(scores) == sorted(expected)
    assert max(scores) >= 50


def test_the_game_that_was_under_way_is_not_counted(environment: VectorEnvironment):
    collector, scores, games = start(environment), [], 0
    while games < 2:
        rollout, found = collector.collect(10)
        games += int(rollout.is_first[1:].sum())
        scores += found
        assert scores == [] or games > 2


def test_the_generator_fixes_the_actions(environment: VectorEnvironment):
    first, again, other = (start(environment, seed).collect(20)[0].actions for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_actions_are_drawn_as_often_as_the_policy_says():
    probabilities = np.array([0.5, 0.3, 0.15, 0.05])
    logits = np.tile(np.log(probabilities).astype(np.float32) + 3, (20_000, 1))
    counts = np.bincount(sample_actions(logits, np.random.default_rng(0)), minlength=4)
    expected = 20_000 * probabilities
    assert ((counts - expected) ** 2 / expected).sum() < 16.27  # chi-square, 3 degrees of freedom, 0.1 %


def test_each_environment_has_its_own_policy():
    logits = np.array([[50.0, 0, 0], [0, 0, 50.0]], np.float32)
    draws = [sample_actions(logits, np.random.default_rng(seed)).tolist() for seed in range(20)]
    assert draws == [[0, 2]] * 20
