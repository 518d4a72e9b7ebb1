from contextlib import closing

import numpy as np

from xdrl.config import TrainingConfig
from xdrl.environments import VectorEnvironment
from xdrl.games import Game, Protocol
from xdrl.training_environments import decorrelate, training_environment, training_protocol

PLAIN = TrainingConfig("Pong", envs_per_worker=4)


def test_training_is_standard_but_for_sticky_actions():
    assert training_protocol(0.1) == Protocol(sticky_probability=0.1)


def test_decorrelation_brings_games_to_different_ages(pong: Game):
    environment = VectorEnvironment(pong, 6)
    screens = decorrelate(environment, seed=4, longest=60)
    ages = np.asarray(environment._inner.step(np.zeros(6, np.int64))[4]["episode_frame_number"])
    assert len(set(ages.tolist())) >= 4
    assert ages.max() <= 4 * 62 + 40  # no-ops and the fire that start a game are frames too
    assert np.ptp(ages) > 40
    again = decorrelate(VectorEnvironment(pong, 6), seed=4, longest=60)
    np.testing.assert_array_equal(screens, again)


def test_a_share_of_a_workers_environments_can_have_sticky_actions():
    half = TrainingConfig("Pong", envs_per_worker=4, sticky_probability=0.5, sticky_share=0.5)
    with closing(training_environment(half)) as environment, closing(training_environment(PLAIN)) as plain:
        assert environment.num_envs == plain.num_envs == 4 and environment.action_names == plain.action_names
        joined, alone = environment.reset(3), plain.reset(3)
        np.testing.assert_array_equal(joined, alone)  # the same games begin
        generator, differs = np.random.default_rng(0), np.zeros(4, bool)
        for _ in range(60):
            actions = generator.integers(0, 6, 4)
            found, expected = environment.step(actions), plain.step(actions)
            assert [field.shape for field in found] == [field.shape for field in expected]
            assert [field.dtype for field in found] == [field.dtype for field in expected]
            differs |= (found.screens != expected.screens).any((1, 2, 3))
        assert differs.tolist() == [True, True, False, False]
        restarted = environment.restart(np.array([False, True, False, True]))
        moved = (restarted != found.screens).any((1, 2, 3))
        assert moved.tolist() == [False, True, False, True]


def test_sticky_actions_are_for_all_environments_or_none_unless_shared():
    for probability, share in ((0.25, 1.0), (0.0, 0.5), (0.25, 0.0)):
        config = TrainingConfig("Pong", envs_per_worker=2, sticky_probability=probability, sticky_share=share)
        with closing(training_environment(config)) as environment:
            assert type(environment) is VectorEnvironment and environment.num_envs == 2
