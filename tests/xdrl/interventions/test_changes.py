"""Pong with its objects elsewhere: the screen shows it, the game goes on as if nothing had been."""

import dataclasses

import numpy as np
import pytest

from xdrl.errors import UserError
from xdrl.games import find_game
from xdrl.interventions.changes import CHANGES, MIDDLE, find_changes, unchanged
from xdrl.interventions.emulators import ChangedGames

NOOP, UP = 0, 2
COLOURS = {"ball": (236, 236, 236), "enemy": (213, 130, 74), "player": (92, 186, 92)}
"""RGB, on the field."""
PONG = CHANGES["Pong"]


def top(screen: np.ndarray, name: str) -> int:
    """Row of the field where an object begins."""
    return int(np.flatnonzero((screen[34:194] == COLOURS[name]).all(-1).any(1))[0])


@pytest.fixture
def games() -> ChangedGames:
    """Two games, as far as the ball is in play."""
    games = ChangedGames(find_game("Pong"), 2, seed=3)
    for step in range(200):
        if PONG.is_in_play(games.memory(0)) and all(part.moved(games.memory(0), 12) for part in PONG.parts):
            return games
        games.step(np.full(2, NOOP if step % 8 else UP))
    raise AssertionError("the ball never came")


@pytest.mark.parametrize("part", PONG.parts, ids=lambda part: part.name)
def test_a_part_is_shown_where_it_was_moved_to(games, part):
    found = games.step_as_if(0, NOOP, dataclasses.replace(PONG, parts=(part,)), (0, -12, 12))
    assert [each.shift for each in found][:2] == [0, -12]
    np.testing.assert_array_equal(found[0].screen, games.screens[0])
    for each in found:
        # In that frame it may go on by a little of its own.
        assert abs(top(each.screen, part.name) - top(games.screens[0], part.name) - each.shift) <= 4
        others = [other.name for other in PONG.parts if other is not part]
        assert all(abs(top(each.screen, name) - top(games.screens[0], name)) <= 4 for name in others)


def test_the_game_goes_on_as_if_nothing_had_been_moved():
    moved, alone = (ChangedGames(find_game("Pong"), 1, seed=5) for _ in range(2))
    for step in range(60):
        moved.step_as_if(0, step % 6, PONG, (-12, 12))
        alone.step(np.array([step % 6]))
        np.testing.assert_array_equal(moved.memory(0), alone.memory(0))
        np.testing.assert_array_equal(moved.screens, alone.screens)


def test_a_part_is_not_moved_off_the_field():
    memory = np.zeros(128, np.uint8)
    memory[54] = 195
    ball = PONG.parts[0]
    assert (ball.moved(memory, 5), ball.moved(memory, 6), ball.moved(memory, -200)) == (200, None, None)


@pytest.mark.parametrize(
    ("rule", "least", "most"),
    [("as it is", 0, 0.7), ("the enemy waits while the ball comes", 0.9, 1)],
)
def test_under_a_rule_the_enemy_stands_still_while_the_ball_comes(rule, least, most):
    games = ChangedGames(find_game("Pong"), 1, seed=1, rule=PONG.rules[rule])
    places, comes = [], []
    for _ in range(300):
        before = int(games.memory(0)[49])
        games.step(np.array([UP]))
        places.append(int(games.memory(0)[21]))
        comes.append(int(games.memory(0)[49]) > before > 0)
    assert sum(comes) > 50
    assert least <= (np.diff(places) == 0)[np.array(comes[1:])].mean() <= most


def test_under_a_rule_the_enemy_stands_in_the_middle():
    games = ChangedGames(find_game("Pong"), 1, seed=1, rule=PONG.rules["the enemy stands in the middle"])
    for _ in range(40):
        games.step(np.array([UP]))
        assert games.memory(0)[21] == MIDDLE


def test_a_game_whose_memory_is_not_known_is_refused():
    with pytest.raises(UserError, match="expected a game whose memory is known, Pong, got Qbert"):
        find_changes(find_game("Qbert"))


def test_a_game_that_is_over_stays_as_it_is():
    games = ChangedGames(find_game("Pong"), 1, seed=0, rule=unchanged)
    while not games.is_over.all():
        games.step(np.array([NOOP]))
    assert games.scores.tolist() == [-21.0]
    memory = games.memory(0)
    games.step(np.array([UP]))
    np.testing.assert_array_equal(games.memory(0), memory)
