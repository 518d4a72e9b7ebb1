"""What an agent would do on a changed screen, in words and figures."""

import re

import numpy as np
import pytest

from xdrl.errors import UserError
from xdrl.memories import Part
from xdrl.objects.so_far import ObjectsSoFar, Seen
from xdrl.what_if import Erase, Move, Paint, say_what_is_kept, what_if

GROUND = np.full((210, 160, 3), (144, 72, 17), np.uint8)


@pytest.fixture
def screen() -> np.ndarray:
    painted = GROUND.copy()
    painted[60:76, 16:20], painted[100:104, 80:82] = (213, 130, 74), (236, 236, 236)
    return painted


@pytest.fixture
def seen(agent, screen) -> Seen:
    return ObjectsSoFar(agent.game, GROUND).see(screen)


@pytest.mark.parametrize(
    ("edits", "words"),
    [
        ([], "As it is: no change."),
        ([Move(1, to=(30, 150))], "With the ball at (31, 152): "),
        ([Erase(0)], "Without the enemy at (18, 68): "),
        ([Erase(0), Move(1, to=(30, 150))], "Without the enemy at (18, 68) and with the ball at (31, 152): "),
        ([Move(1, to=(30, 150)), Erase(1)], "Without the ball at (81, 102): "),
        ([Paint((0, 0, 160, 100), (0, 0, 0))], "With a painted box: "),
        ([Erase(1), *[Paint((0, 0, 9, 9))] * 2], "Without the ball at (81, 102) and with 2 painted boxes: "),
        (
            [Erase(0), Erase(1), Paint((0, 0, 9, 9))],
            "Without the enemy at (18, 68), without the ball at (81, 102) and with a painted box: ",
        ),
        ([Erase(0), Erase(1), *[Paint((0, 0, 9, 9))] * 2], "Without the enemy at (18, 68), without the ball at (81,"),
    ],
)
def test_it_says_what_was_changed_and_what_follows(agent, screen, seen, edits, words):
    found = what_if(agent, screen, edits, seen=seen)
    assert found.words.startswith(words)
    assert repr(found) == f"<WhatIf: {found.words}>"
    names = "|".join(re.escape(agent.game.label(name)) for name in agent.action_names)
    assert re.search(rf": (no change|({names}) \d\.\d\d to \d\.\d\d.*)\.$", found.words)


def test_the_figures_are_those_of_the_two_screens(agent, screen, seen):
    state = agent.act(screen).state
    found = what_if(agent, screen, [Paint((0, 34, 160, 194), (255, 255, 255))], state, action=2, seen=seen)
    before, after = agent.act(screen, state), agent.act(found.changed.screen, state)
    np.testing.assert_allclose(found.before.logits, before.logits, atol=1e-4)
    np.testing.assert_allclose(found.after.logits, after.logits, atol=1e-4)
    np.testing.assert_allclose(found.after.state.h, after.state.h, atol=1e-4)
    np.testing.assert_allclose(found.effect.after, after.probabilities[0, 2], atol=1e-4)
    np.testing.assert_allclose(found.effect.value_change, after.values[0] - before.values[0], atol=1e-3)


def test_more_than_one_screen_is_refused(agent, screen):
    with pytest.raises(UserError, match="expected one screen, got 2"):
        what_if(agent, np.stack([screen, screen]), [])


@pytest.mark.parametrize(
    ("memory", "words"),
    [
        ({}, "it is all that the agent sees."),
        ({"h": Part((256,), "float32")}, "what the agent remembers of the screens before is as it was."),
        ({"frames": Part((84, 84, 3), "uint8")}, "the 3 screens before, which the agent sees too, are as they were."),
    ],
)
def test_it_says_what_is_not_changed(memory, words):
    assert say_what_is_kept(memory) == f"Only this screen is changed: {words}"
