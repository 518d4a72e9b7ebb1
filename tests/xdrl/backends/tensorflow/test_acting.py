import numpy as np
import pytest

from xdrl.backends.tensorflow import compile_act, make_policy
from xdrl.config import TrainingConfig
from xdrl.networks import Network

CONFIG = TrainingConfig("Pong")


@pytest.mark.parametrize("num_envs", [1, 8])
def test_acting_is_the_networks_step_for_any_batch(a3c: Network, pong_screens: np.ndarray, num_envs: int):
    states = np.random.default_rng(0).normal(size=(2, num_envs, a3c.core_size)).astype(np.float32)
    found = compile_act(a3c)(pong_screens[:num_envs], *states)
    logits, values, *memory = a3c.step([pong_screens[:num_envs], *states])
    exponentials = np.exp(logits)
    probabilities = exponentials / exponentials.sum(-1, keepdims=True)
    outputs = (found.logits, found.values, found.probabilities, *found.memory)
    for array, expected in zip(outputs, (logits, values, probabilities, *memory), strict=True):
        assert isinstance(array, np.ndarray)
        np.testing.assert_allclose(array, expected, atol=1e-5)


@pytest.mark.parametrize("kind", ["a3c", "e_a3c"])
def test_a_policy_plays_what_the_network_plays(kind: str, pong_screens: np.ndarray, request: pytest.FixtureRequest):
    network: Network = request.getfixturevalue(kind)
    states = np.random.default_rng(0).normal(size=(2, 8, network.core_size)).astype(np.float32)
    step = make_policy(network, CONFIG).act(pong_screens, tuple(states), np.zeros(8, bool))
    expected = network.step([pong_screens, *states])
    for found, exact in zip([step.logits, step.values, *step.state], expected, strict=True):
        np.testing.assert_allclose(found, exact, atol=1e-4)


def test_the_state_counts_as_zero_where_a_game_starts(a3c: Network, pong_screens: np.ndarray):
    policy, is_first = make_policy(a3c, CONFIG), np.arange(8) % 2 == 0
    states = np.random.default_rng(0).normal(size=(2, 8, a3c.core_size)).astype(np.float32)
    step = policy.act(pong_screens, tuple(states), is_first)
    fresh = policy.act(pong_screens, policy.initial_state(8), ~is_first)
    lived = policy.act(pong_screens, tuple(states), np.zeros(8, bool))
    for found, zeroed, kept in zip(step.state, fresh.state, lived.state, strict=True):
        np.testing.assert_array_equal(found.numpy()[is_first], zeroed.numpy()[is_first])
        np.testing.assert_array_equal(found.numpy()[~is_first], kept.numpy()[~is_first])
        assert not np.array_equal(zeroed, kept)
