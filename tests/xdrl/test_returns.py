import numpy as np
import pytest
from keras import ops

from xdrl.returns import generalised_advantages, n_step_returns

# One environment, discount 1/2, lambda 1/2; V = 1, 2, 4 and the bootstrap 8.
REWARDS = np.array([[1.0], [0.0], [2.0]], np.float32)
VALUES = np.array([[1.0], [2.0], [4.0]], np.float32)
BOOTSTRAP = np.array([8.0], np.float32)
HALF = np.full((3, 1), 0.5, np.float32)
ONE = np.ones((3, 1), np.float32)


def zero_at(array: np.ndarray, t: int) -> np.ndarray:
    changed = array.copy()
    changed[t] = 0
    return changed


def column(tensor) -> list[float]:
    return ops.convert_to_numpy(tensor)[:, 0].tolist()


def test_advantages_of_an_episode_that_goes_on():
    # errors: 1 + 2/2 - 1 = 1,  0 + 4/2 - 2 = 0,  2 + 8/2 - 4 = 2
    # A_2 = 2,  A_1 = 0 + 2/4 = 0.5,  A_0 = 1 + 0.5/4 = 1.125
    assert column(generalised_advantages(REWARDS, HALF, HALF, VALUES, BOOTSTRAP)) == [1.125, 0.5, 2.0]


def test_advantages_of_an_episode_that_terminates_in_the_middle():
    # errors: 1,  0 + 0 - 2 = -2,  2.  A_2 = 2,  A_1 = -2,  A_0 = 1 - 2/4 = 0.5
    advantages = generalised_advantages(REWARDS, zero_at(HALF, 1), zero_at(HALF, 1), VALUES, BOOTSTRAP)
    assert column(advantages) == [0.5, -2.0, 2.0]


def test_advantages_of_an_episode_that_is_truncated_in_the_middle():
    # errors as where it goes on: 1, 0, 2.  A_2 = 2,  A_1 = 0, the value bootstraps,  A_0 = 1 + 0/4 = 1
    advantages = generalised_advantages(REWARDS, HALF, zero_at(HALF, 1), VALUES, BOOTSTRAP)
    assert column(advantages) == [1.0, 0.0, 2.0]


def test_returns_of_an_episode_that_goes_on():
    # R_2 = 2 + 8/2 = 6,  R_1 = 0 + 6/2 = 3,  R_0 = 1 + 3/2 = 2.5
    assert column(n_step_returns(REWARDS, HALF, ONE, VALUES, BOOTSTRAP)) == [2.5, 3.0, 6.0]


def test_returns_of_an_episode_that_terminates_in_the_middle():
    # R_2 = 6,  R_1 = 0,  R_0 = 1 + 0/2 = 1
    returns = n_step_returns(REWARDS, zero_at(HALF, 1), zero_at(ONE, 1), VALUES, BOOTSTRAP)
    assert column(returns) == [1.0, 0.0, 6.0]


def test_returns_of_an_episode_that_is_truncated_in_the_middle():
    # R_2 = 6,  R_1 = 0 + V_2/2 = 2,  R_0 = 1 + 2/2 = 2
    assert column(n_step_returns(REWARDS, HALF, zero_at(ONE, 1), VALUES, BOOTSTRAP)) == [2.0, 2.0, 6.0]


def test_termination_at_the_last_step_ignores_the_bootstrap():
    # errors: 1, 0, 2 + 0 - 4 = -2.  A_2 = -2,  A_1 = -0.5,  A_0 = 1 - 0.125 = 0.875
    advantages = generalised_advantages(REWARDS, zero_at(HALF, 2), zero_at(HALF, 2), VALUES, BOOTSTRAP)
    assert column(advantages) == [0.875, -0.5, -2.0]


def test_advantages_are_the_exponentially_weighted_sum_of_errors():
    generator = np.random.default_rng(0)
    rewards, values = generator.normal(size=(2, 7, 3)).astype(np.float32)
    bootstrap = generator.normal(size=3).astype(np.float32)
    discount, trace = 0.9, 0.8
    next_values = np.concatenate([values[1:], bootstrap[None]])
    errors = rewards + discount * next_values - values
    expected = [sum((discount * trace) ** k * errors[t + k] for k in range(7 - t)) for t in range(7)]
    constants = np.full((2, 7, 3), [[[discount]], [[trace]]], np.float32)
    found = ops.convert_to_numpy(generalised_advantages(rewards, *constants, values, bootstrap))
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("other", [0, 2])
def test_environments_do_not_see_each_other(other: int):
    generator = np.random.default_rng(1)
    rewards, values = generator.normal(size=(2, 5, 3)).astype(np.float32)
    bootstrap = generator.normal(size=3).astype(np.float32)
    constants = np.full((5, 3), 0.9, np.float32)
    changed = rewards.copy()
    changed[:, other] += 1
    before = ops.convert_to_numpy(generalised_advantages(rewards, constants, constants, values, bootstrap))
    after = ops.convert_to_numpy(generalised_advantages(changed, constants, constants, values, bootstrap))
    np.testing.assert_array_equal(before[:, 1], after[:, 1])
    assert (before[:, other] != after[:, other]).all()
