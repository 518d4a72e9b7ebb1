"""Targets: reading them, and the weights they put on logits and value."""

import numpy as np
import pytest
from keras import ops

from xdrl.errors import UserError
from xdrl.explainers.targets import best_other, weigher
from xdrl.targets import ACTION, CHOSEN, CONTRAST, VALUE, Target, parse_target

NAMES = ("NOOP", "FIRE", "UP")
LOGITS = np.array([[1.0, 5.0, 3.0], [2.0, -1.0, 0.0]], np.float32)
VALUES = np.array([0.5, -0.5], np.float32)


def weigh(target: Target, actions=None) -> tuple[list, list]:
    logit_weights, value_weights = weigher(target, actions)(
        ops.convert_to_tensor(LOGITS), ops.convert_to_tensor(VALUES)
    )
    return ops.convert_to_numpy(logit_weights).tolist(), ops.convert_to_numpy(value_weights).tolist()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("chosen", Target(CHOSEN)),
        ("value", Target(VALUE)),
        ("action:UP", Target(ACTION, 2)),
        ("action:up", Target(ACTION, 2)),
        ("action:NOOP", Target(ACTION, 0)),
        ("contrast", Target(CONTRAST)),
        ("contrast:FIRE", Target(CONTRAST, 1)),
    ],
)
def test_a_target_is_read_as_written(text, expected):
    assert parse_target(text, NAMES) == expected


@pytest.mark.parametrize("text", ["", "chosen:UP", "value:UP", "value:", "action", "log-prob", "Chosen", ":UP"])
def test_a_target_that_does_not_exist_is_refused_with_those_that_do(text):
    with pytest.raises(UserError, match="expected a target of chosen, value, action:NAME, contrast") as error:
        parse_target(text, NAMES)
    assert repr(text) in str(error.value)


@pytest.mark.parametrize("text", ["action:LEFT", "contrast:LEFT", "action:", "contrast:"])
def test_an_action_that_the_game_does_not_have_is_refused_with_those_it_has(text):
    with pytest.raises(UserError, match="expected an action of NOOP, FIRE, UP, got"):
        parse_target(text, NAMES)


def test_chosen_weighs_the_most_probable_action():
    assert weigh(Target(CHOSEN)) == ([[0, 1, 0], [1, 0, 0]], [0, 0])


def test_chosen_weighs_the_action_that_was_taken_where_it_is_given():
    assert weigh(Target(CHOSEN), np.array([2, 2])) == ([[0, 0, 1], [0, 0, 1]], [0, 0])


def test_value_weighs_the_critic_alone():
    assert weigh(Target(VALUE)) == ([[0, 0, 0], [0, 0, 0]], [1, 1])


def test_a_named_action_is_weighed_whatever_was_chosen():
    assert weigh(Target(ACTION, 2), np.array([0, 1])) == ([[0, 0, 1], [0, 0, 1]], [0, 0])


def test_a_named_action_may_differ_from_screen_to_screen():
    assert weigh(Target(ACTION, np.array([2, 0])))[0] == [[0, 0, 1], [1, 0, 0]]


def test_contrast_takes_the_best_other_action_away_from_the_chosen_one():
    assert weigh(Target(CONTRAST)) == ([[0, 1, -1], [1, 0, -1]], [0, 0])


def test_contrast_of_an_unlikely_action_takes_the_most_probable_one_away():
    assert weigh(Target(CONTRAST), np.array([0, 1]))[0] == [[1, -1, 0], [-1, 1, 0]]


def test_contrast_takes_a_named_action_away():
    assert weigh(Target(CONTRAST, 1), np.array([0, 2]))[0] == [[1, -1, 0], [0, -1, 1]]


def test_contrast_with_the_chosen_action_itself_falls_back_to_the_runner_up():
    # Screen 0 chose FIRE, which is the named one: runner-up UP. Screen 1 chose NOOP: the named one stands.
    assert weigh(Target(CONTRAST, 1))[0] == [[0, 1, -1], [1, -1, 0]]


def test_the_best_other_action_is_never_the_chosen_one_even_where_all_are_equal():
    equal = ops.zeros((1, 3))
    chosen = ops.one_hot(np.array([0]), 3)
    assert ops.convert_to_numpy(best_other(equal, chosen))[0, 0] == 0
    assert ops.convert_to_numpy(best_other(equal, chosen)).sum() == 1
