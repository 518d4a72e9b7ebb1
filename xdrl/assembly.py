"""Puts a run's learner and workers together from their parts, wherever an engine wants them."""

import functools
from typing import Any

import keras
import numpy as np

from xdrl.backends import load_backend
from xdrl.config import NetworkConfig, TrainingConfig
from xdrl.learner import Learner
from xdrl.losses import costs_at
from xdrl.messages import LearnerState
from xdrl.networks import build_network
from xdrl.rollouts import RolloutCollector
from xdrl.training_environments import decorrelate, training_environment
from xdrl.workers import Worker

DECORRELATION_STEPS = 500
"""Agent steps of random play at most, before a worker's games count."""


def build_learner(config: TrainingConfig, network_config: NetworkConfig, start: LearnerState) -> Learner:
    """Builds the global network, and the optimizer that all workers share.

    Args:
        config: of the run.
        network_config: of its network.
        start: what the learner goes on from; what it lacks is fresh, by the run's seed.
    """
    network = build_network(network_config, config.seed)
    optimizer = keras.optimizers.Adam(epsilon=config.adam_epsilon, name="adam")
    backend = load_backend()
    read, apply = backend.make_read(network.weights), backend.make_apply(optimizer, network.weights)

    def learning_rate_at(agent_steps: int) -> float:
        return config.learning_rate(config.progress(agent_steps))

    learner = Learner(
        network, optimizer, read, apply, learning_rate_at, config.max_bad_gradients, config.max_policy_lag
    )
    learner.go_on_from(start)
    return learner


def build_worker(
    config: TrainingConfig, network_config: NetworkConfig, number: int, random_state: dict[str, Any] | None = None
) -> Worker:
    """Builds a worker, whose games are under way and not in step.

    Args:
        config: of the run.
        network_config: of its network.
        number: of the worker, that with the run's seed decides on its games and actions.
        random_state: of the generator of the worker that had this number before; None for a new one.
    """
    generator = np.random.default_rng([config.seed, number])
    if random_state is not None:
        generator.bit_generator.state = random_state
    environment = training_environment(config)
    screens = decorrelate(environment, int(generator.integers(2**30)), DECORRELATION_STEPS)
    network, backend = build_network(network_config), load_backend()
    collector = RolloutCollector(environment, screens, backend.make_policy(network, config), generator)
    return Worker(
        number,
        collector,
        backend.make_assign(network.weights),
        backend.make_gradients(network, config),
        functools.partial(costs_at, config),
        config.rollout_length,
    )
