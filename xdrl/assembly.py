"""Puts a run's learner and workers together from their parts, for training and for the benchmark."""

import functools

import keras

from xdrl.backends import load_backend
from xdrl.config import NetworkConfig, TrainingConfig
from xdrl.learner import Learner
from xdrl.losses import costs_at
from xdrl.networks import Network, build_network
from xdrl.rollouts import RolloutCollector
from xdrl.workers import Worker


def build_learner(config: TrainingConfig, network_config: NetworkConfig) -> Learner:
    """Builds the global network with fresh weights, and the optimizer that all workers share."""
    network = build_network(network_config, config.seed)
    optimizer = keras.optimizers.Adam(epsilon=config.adam_epsilon, name="adam")
    apply = load_backend().make_apply(optimizer, network.weights)

    def learning_rate_at(agent_steps: int) -> float:
        return config.learning_rate(config.progress(agent_steps))

    return Learner(network, optimizer, apply, learning_rate_at, config.max_bad_gradients)


def build_worker(config: TrainingConfig, learner: Learner, network: Network, collector: RolloutCollector) -> Worker:
    """Builds a worker.

    Args:
        config: of the run.
        learner: that it copies the weights from, and hands its gradients to.
        network: its own.
        collector: plays with that network.
    """
    backend = load_backend()
    copy = backend.make_copy(learner.network.weights, network.weights)
    gradients, costs_after = backend.make_gradients(network, config), functools.partial(costs_at, config)
    return Worker(learner, collector, copy, gradients, costs_after, config.rollout_length)
