from collections.abc import Iterator

import keras
import numpy as np
import pytest

from xdrl.backends.tensorflow import make_apply, make_copy, make_gradients, make_policy
from xdrl.config import NetworkConfig, TrainingConfig
from xdrl.environments import VectorEnvironment
from xdrl.games import Game
from xdrl.learner import Learner
from xdrl.losses import Costs
from xdrl.networks import Network, build_network
from xdrl.rollouts import RolloutCollector
from xdrl.workers import Worker


@pytest.fixture(scope="module")
def parts(pong: Game, a3c_config: NetworkConfig) -> Iterator[tuple[Worker, Learner, Network]]:
    """A whole worker with everything real, and what it works on."""
    shared, own = build_network(a3c_config, seed=1), build_network(a3c_config, seed=2)
    config, optimizer = TrainingConfig("Pong", network="a3c"), keras.optimizers.Adam(1e-3, epsilon=1e-3)
    learner = Learner(shared, optimizer, make_apply(optimizer, shared.weights), lambda _: 1e-3, max_bad_gradients=3)
    environment = VectorEnvironment(pong, 2, life_loss_terminates=True)
    collector = RolloutCollector(environment, environment.reset(0), make_policy(own, config), np.random.default_rng(0))
    copy = make_copy(shared.weights, own.weights)
    gradients = make_gradients(own, config)
    yield Worker(learner, collector, copy, gradients, lambda _: Costs(0.5, 0.01), rollout_length=3), learner, own
    environment.close()


def weights(network: Network) -> list[np.ndarray]:
    return [weight.numpy() for weight in network.weights]


def test_a_turn_plays_with_the_shared_weights_and_changes_them(parts):
    worker, learner, own = parts
    before = weights(learner.network)
    report = worker.update()
    for copied, kept, changed in zip(weights(own), before, weights(learner.network), strict=True):
        np.testing.assert_array_equal(copied, kept)
        assert not np.array_equal(changed, kept)
    assert (report.num_steps, report.policy_lag, report.scores) == (6, 0, [])
    assert report.gradients.gradients == ()
    assert np.isfinite(report.gradients.norm)
    assert report.gradients.entropy == pytest.approx(np.log(6), abs=0.01)
    assert (learner.agent_steps, learner.updates) == (6, 1)


def test_the_next_turn_begins_with_the_changed_weights(parts):
    worker, learner, own = parts
    before = weights(learner.network)
    worker.update()
    for copied, kept in zip(weights(own), before, strict=True):
        np.testing.assert_array_equal(copied, kept)
