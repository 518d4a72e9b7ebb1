import dataclasses
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest

from xdrl.environments import (
    Steps,
    VectorEnvironment,
    action_names,
    find_protocol,
)
from xdrl.errors import UserError
from xdrl.games import ALL_ACTIONS, GAMES, Game, Protocol, find_game

FRAME_SKIPS = Protocol(frame_skip=(2, 4), sticky_probability=0.25, noop_max=0, fire_on_start=False, max_steps=25)


@pytest.fixture
def make() -> Iterator:
    made = []

    def make_one(name: str, num_envs: int = 2, protocol: Protocol | None = None, **options: bool) -> VectorEnvironment:
        made.append(VectorEnvironment(GAMES[name], num_envs, protocol, **options))
        return made[-1]

    yield make_one
    for environment in made:
        environment.close()


def play(environment: VectorEnvironment, num_steps: int, seed: int = 0) -> list[Steps]:
    generator = np.random.default_rng(seed)
    num_actions = len(environment.action_names)
    return [environment.step(generator.integers(0, num_actions, environment.num_envs)) for _ in range(num_steps)]


def over(steps: Steps) -> np.ndarray:
    """Whether the real game is over: cut, or ended with no life left."""
    return steps.is_truncated | (steps.is_terminated & (steps.lives == 0))


def test_screens_and_numbers_have_the_promised_shapes(make):
    environment = make("Qbert", 3)
    screens = environment.reset(seed=1)
    steps = environment.step(np.zeros(3, int))
    for found in (screens, steps.screens):
        assert (found.shape, found.dtype) == ((3, 210, 160, 3), np.uint8)
    assert [field.dtype for field in steps[1:]] == [np.float32, bool, bool, bool, bool, np.int32]
    assert {field.shape for field in steps[1:]} == {(3,)}
    assert steps.lives.tolist() == [4, 4, 4]
    assert np.ptp(screens.reshape(-1, 3), axis=0).min() > 100  # in colour


def test_actions_are_the_games_own(pong: Game):
    assert action_names(pong) == ("NOOP", "FIRE", "RIGHT", "LEFT", "RIGHTFIRE", "LEFTFIRE")
    assert action_names(GAMES["Qbert"]) == ("NOOP", "FIRE", "UP", "RIGHT", "LEFT", "DOWN")


def test_both_ways_of_making_environments_give_the_same_actions(make):
    native, python = make("BeamRider", 1), make("BeamRider", 1, FRAME_SKIPS)
    assert native.action_names == python.action_names


def test_rewards_are_true_scores(make):
    environment = make("Qbert", 4)
    environment.reset(seed=1)
    rewards = np.concatenate([steps.rewards for steps in play(environment, 150)])
    assert 25 in rewards.tolist()


@pytest.mark.parametrize("life_loss_terminates", [False, True])
def test_a_new_qbert_game_begins_once_after_the_last_life(make, life_loss_terminates: bool):
    environment = make("Qbert", 2, life_loss_terminates=life_loss_terminates)
    environment.reset(seed=3)
    history = play(environment, 700)
    check_starts(history)
    lost = sum((now.lives < before.lives).sum() for before, now in pairwise(history))
    ends = sum(over(steps).sum() for steps in history)
    terminated = sum(steps.is_terminated.sum() for steps in history)
    assert ends >= 2
    assert lost > 2 * ends
    assert terminated == (lost if life_loss_terminates else ends)


def test_a_lost_life_plays_on(make):
    environments = [make("Qbert", 1, life_loss_terminates=flag) for flag in (False, True)]
    histories = []
    for environment in environments:
        environment.reset(seed=3)
        histories.append(play(environment, 200))
    for plain, flagged in zip(*histories, strict=True):
        np.testing.assert_array_equal(plain.screens, flagged.screens)
        np.testing.assert_array_equal(plain.is_first, flagged.is_first)


def test_a_new_pong_game_begins_once_after_the_last_point(make):
    environment = make("Pong", 2)
    environment.reset(seed=0)
    history = play(environment, 1300)
    check_starts(history)
    first = next(t for t, steps in enumerate(history) if steps.is_terminated[0])
    rewards = [steps.rewards[0] for steps in history[: first + 1]]
    assert rewards.count(-1.0) == 21  # a lost game, point by point


def check_starts(history: list[Steps]) -> None:
    """A game starts exactly one step after another is over, and the step that starts it has no reward."""
    is_over = np.stack([over(steps) for steps in history])
    is_first = np.stack([steps.is_first for steps in history])
    rewards = np.stack([steps.rewards for steps in history])
    assert is_over.any(0).all()
    np.testing.assert_array_equal(is_first[1:], is_over[:-1])
    assert not is_first[0].any()
    assert not rewards[is_first].any()


@pytest.mark.parametrize("frame_skip", [4, (2, 4)])
def test_a_game_at_its_longest_length_is_truncated_and_not_terminated(make, frame_skip):
    protocol = Protocol(frame_skip=frame_skip, noop_max=0, fire_on_start=False, max_frames=40)
    environment = make("Pong", 2, protocol)
    environment.reset(seed=0)
    history = play(environment, 30)
    check_starts(history)
    assert not any(steps.is_terminated.any() for steps in history)
    if frame_skip == 4:
        first = next(t for t, steps in enumerate(history) if steps.is_truncated[0])
        assert first == 9  # the tenth step ends with frame 40


def test_restarting_some_environments_leaves_the_others_where_they_were(make):
    untouched, touched = make("Qbert"), make("Qbert")
    for environment in (untouched, touched):
        environment.reset(seed=2)
    play(untouched, 60)
    last = play(touched, 60)[-1]
    screens = touched.restart(np.array([True, False]))
    np.testing.assert_array_equal(screens[1], last.screens[1])
    assert not np.array_equal(screens[0], last.screens[0])
    for expected, found in zip(play(untouched, 40, seed=1), play(touched, 40, seed=1), strict=True):
        np.testing.assert_array_equal(found.screens[1], expected.screens[1])
        assert not found.is_first.any()
    assert found.lives[0] == 4


@pytest.mark.parametrize("protocol", [Protocol(), FRAME_SKIPS], ids=["native", "python"])
def test_seeds_reproduce_games_and_differ(make, protocol: Protocol):
    histories = []
    for seed in (7, 7, 8):
        environment = make("BeamRider", 2, protocol)
        environment.reset(seed)
        histories.append(np.stack([steps.screens for steps in play(environment, 24)]))
    np.testing.assert_array_equal(histories[0], histories[1])
    assert not np.array_equal(histories[0], histories[2])
    np.testing.assert_array_equal(histories[0][:1, 1], histories[2][:1, 0])  # environment b has seed + b


def test_sticky_actions_come_between_the_agent_and_the_game(make):
    histories = []
    for probability in (0.0, 0.0, find_protocol("sticky", GAMES["Pong"]).sticky_probability):
        environment = make("Pong", 1, Protocol(sticky_probability=probability, noop_max=0))
        environment.reset(seed=0)
        histories.append(np.stack([steps.screens for steps in play(environment, 60)]))
    np.testing.assert_array_equal(histories[0], histories[1])
    assert not np.array_equal(histories[0], histories[2])


def test_protocols_are_what_they_are_called():
    game = GAMES["BeamRider"]
    standard, sticky, paper = (find_protocol(name, game) for name in ("standard", "sticky", "paper"))
    assert (standard.noop_max, standard.fire_on_start, standard.sticky_probability) == (30, True, 0.0)
    assert (sticky.noop_max, sticky.fire_on_start, sticky.sticky_probability) == (0, False, 0.25)
    assert paper.frame_skip == (2, 4)
    library = find_protocol("sb3", game)
    assert (library.noop_max, library.lives_begin_anew, library.sticky_probability) == (30, True, 0.0)
    newest = find_protocol("sb3-v5", game)
    assert (newest.lives_begin_anew, newest.emulator_skip, newest.sticky_probability) == (True, 4, 0.25)
    with pytest.raises(UserError, match="expected a protocol of standard, sticky, paper, sb3, sb3-v5, got 'easy'"):
        find_protocol("easy", game)


def test_the_papers_beam_rider_skips_two_to_four_frames_at_random(make):
    environment = make("BeamRider", 1, find_protocol("paper", GAMES["BeamRider"]))
    environment.reset(seed=0)
    emulator = environment._inner.envs[0].unwrapped.ale
    frames = [emulator.getEpisodeFrameNumber()]
    for _ in range(60):
        play(environment, 1)
        frames.append(emulator.getEpisodeFrameNumber())
    assert set(np.diff(frames).tolist()) == {2, 3, 4}


def test_a_limit_in_agent_steps_truncates(make):
    environment = make("BeamRider", 2, FRAME_SKIPS)
    environment.reset(seed=0)
    history = play(environment, 60)
    check_starts(history)
    assert [t for t, steps in enumerate(history) if steps.is_truncated.all()] == [24, 50]


@pytest.mark.parametrize("protocol", ["standard", "sb3"])
def test_a_game_is_played_with_all_actions_where_it_is_asked_for(make, protocol: str):
    game = dataclasses.replace(find_game("Breakout"), has_all_actions=True)
    assert len(action_names(find_game("Breakout"))) == 4
    environment = VectorEnvironment(game, 1, find_protocol(protocol, game))
    assert environment.action_names == ALL_ACTIONS
    screens = environment.reset(seed=0)
    for name in ("FIRE", *["RIGHT"] * 10):
        screens = environment.step([ALL_ACTIONS.index(name)]).screens
    paddle = np.flatnonzero((screens[0, 189:193, 8:152] > 0).any((0, 2)))
    assert paddle.max() > 130, "RIGHT is where the emulator has it"
    environment.close()
