"""Objects from the screens so far: the same that an episode's background finds in hindsight, and nothing of later."""

from collections.abc import Callable

import numpy as np
import pytest

from xdrl.games import GAMES, find_game
from xdrl.objects.kinds import ENEMY, SHOT, field_of
from xdrl.objects.segmentation import SceneObject, find_objects
from xdrl.objects.so_far import MOST_VOTES, ObjectsSoFar, watch_game

STEPS = 80
RED, GREEN, BROWN, WHITE = (200, 30, 30), (92, 186, 92), (144, 72, 17), (236, 236, 236)


def paint(steps: int, ground: tuple = (0, 0, 0)) -> np.ndarray:
    return np.broadcast_to(np.array(ground, np.uint8), (steps, 210, 160, 3)).copy()


@pytest.mark.parametrize(("name", "least"), [("Pong", 0.95), ("DemonAttack", 0.95)])
def test_a_played_game_has_the_objects_that_hindsight_finds(play_screens: Callable, name: str, least: float):
    screens = play_screens(name, STEPS)[0]
    later = find_objects(screens, GAMES[name]).labels[20:] > 0
    found = np.stack([seen.labels for seen in watch_game(screens, ObjectsSoFar(GAMES[name]))])[20:] > 0
    assert later.sum() > 500
    assert (found & later).sum() / (found | later).sum() > least


def test_nothing_of_later_screens_is_known(play_screens: Callable):
    screens = play_screens("Pong", STEPS)[0][:60]
    whole, part = (watch_game(each, ObjectsSoFar(GAMES["Pong"])) for each in (screens, screens[:30]))
    for one, other in zip(whole, part, strict=False):
        np.testing.assert_array_equal(one.labels, other.labels)
        np.testing.assert_array_equal(one.behind, other.behind)


def test_what_was_there_at_first_is_an_object_when_it_has_moved_and_leaves_no_trace():
    screens = paint(3, BROWN)
    for step, top in enumerate((60, 62, 90)):
        screens[step, top : top + 16, 16:20] = (213, 130, 74)
    first, second, third = watch_game(screens, ObjectsSoFar(GAMES["Pong"]))
    assert first.objects == ()  # it may as well be a wall
    assert [item.kind for item in second.objects] == [ENEMY]
    assert third.objects == (SceneObject(ENEMY, 90, 16, 106, 20, 64),)


def test_a_background_that_is_known_shows_objects_on_the_first_screen():
    screens = paint(1, BROWN)
    screens[0, 60:76, 16:20] = (213, 130, 74)
    screens[0, 100:104, 80:82] = WHITE
    (seen,) = watch_game(screens, ObjectsSoFar(GAMES["Pong"], paint(1, BROWN)[0]))
    assert [item.kind for item in seen.objects] == [ENEMY, SHOT]
    assert (seen.behind == BROWN).all() and len(seen.behind) == 72


def test_what_stays_becomes_background_and_where_it_was_is_none_for_long():
    screens = paint(2 * MOST_VOTES)
    screens[5:, 100:110, 50:60] = RED
    found = watch_game(screens, ObjectsSoFar(find_game("Breakout"), paint(1)[0]))
    assert found[5].objects and found[40].objects and not found[-1].objects


def test_objects_are_taken_away_alone_and_together():
    screens = paint(1)
    screens[0, 60:70, 20:30], screens[0, 90:92, 50:54] = RED, GREEN
    before = screens[0].copy()
    (seen,) = watch_game(screens, ObjectsSoFar(find_game("Breakout"), paint(1, (9, 8, 7))[0]))
    # All of the field is an object beside that background: a flash shows none.
    assert seen.objects == ()
    (seen,) = watch_game(screens, ObjectsSoFar(find_game("Breakout"), paint(1)[0]))
    large, small, none, both = seen.without(screens[0], np.array([[1, 0], [0, 1], [0, 0], [1, 1]], bool))
    np.testing.assert_array_equal(none, before)
    np.testing.assert_array_equal(screens[0], before)
    assert not both.any()
    assert not large[60:70, 20:30].any() and (large[90:92, 50:54] == GREEN).all()
    assert not small[90:92, 50:54].any() and (small[60:70, 20:30] == RED).all()


def test_kinds_have_the_names_of_the_game():
    assert field_of(GAMES["Pong"]).name(SHOT) == "ball"
    assert field_of(GAMES["DemonAttack"]).name(SHOT) == "shot"
