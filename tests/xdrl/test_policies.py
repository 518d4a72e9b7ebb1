"""How far policies lie apart, beside a reckoning by hand."""

import numpy as np
import pytest

from xdrl.policies import divergences, merits


def test_a_divergence_is_that_of_the_probabilities():
    before, after = np.log([[0.5, 0.5]]), np.log([[0.25, 0.75]])
    found = divergences(before + 3, after - 2, judges_actions=False)
    assert found == pytest.approx([0.5 * np.log(2) + 0.5 * np.log(2 / 3)])


def test_one_policy_is_held_against_many_and_is_no_distance_from_itself():
    logits = np.random.default_rng(0).normal(size=(5, 6)).astype(np.float32)
    found = divergences(logits[0], logits, judges_actions=False)
    assert found.shape == (5,) and found[0] == 0 and (found[1:] > 0).all()


def test_of_q_values_it_counts_what_changes_between_them_in_their_own_unit():
    before, after = np.array([10.0, 12.0, 14.0]), np.array([[10.0, 12.0, 14.0], [7.0, 9.0, 11.0], [10.0, 15.0, 14.0]])
    np.testing.assert_allclose(merits(before, judges_actions=True), [-2, 0, 2])
    moves = divergences(before, after, judges_actions=True)
    np.testing.assert_allclose(moves, [0, 0, np.sqrt(2)])  # 3 more of one are -1, 2 and -1 around the mean
    # Rewards in another unit are the same game: a softmax would make of it another agent.
    np.testing.assert_allclose(divergences(100 * before, 100 * after, judges_actions=True), 100 * moves)
