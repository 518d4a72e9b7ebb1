"""How far policies lie apart, beside a reckoning by hand."""

import numpy as np
import pytest

from xdrl.policies import divergences


def test_a_divergence_is_that_of_the_probabilities():
    before, after = np.log([[0.5, 0.5]]), np.log([[0.25, 0.75]])
    assert divergences(before + 3, after - 2) == pytest.approx([0.5 * np.log(2) + 0.5 * np.log(2 / 3)])


def test_one_policy_is_held_against_many_and_is_no_distance_from_itself():
    logits = np.random.default_rng(0).normal(size=(5, 6)).astype(np.float32)
    found = divergences(logits[0], logits)
    assert found.shape == (5,) and found[0] == 0 and (found[1:] > 0).all()
