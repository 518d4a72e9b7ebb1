"""Figures of single decisions, on numbers that can be followed by hand and on a game."""

import numpy as np

from xdrl.evaluation import record_episode
from xdrl.explanations.measures import entropies, flips_without_memory, margins
from xdrl.games import Protocol


def test_entropy_is_zero_where_the_policy_is_sure_and_largest_where_it_is_not():
    probabilities = np.array([[1, 0, 0, 0], [0.5, 0.5, 0, 0], [0.25] * 4], np.float32)
    np.testing.assert_allclose(entropies(probabilities), [0, np.log(2), np.log(4)], atol=1e-6)


def test_the_margin_is_that_of_the_two_likeliest():
    np.testing.assert_allclose(margins(np.array([[1.0, 4.0, 3.5], [2.0, 2.0, 0.0]])), [0.5, 0])
    assert margins(np.array([[3.0]])).tolist() == [0]


def test_the_first_step_has_no_memory_to_lose(agent):
    recording = record_episode(agent, Protocol(), 70, is_greedy=False, seed=0)
    flips = flips_without_memory(agent, recording)
    assert flips.shape == (70,) and not flips[0] and flips.any()
