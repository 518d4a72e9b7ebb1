"""How fast acting, gradients and the whole training are, each as a run does it."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from xdrl.assembly import build_learner, build_worker
from xdrl.backends import load_backend
from xdrl.benchmarks.emulator import build_environment
from xdrl.benchmarks.records import BenchmarkSettings
from xdrl.benchmarks.timing import Stopwatch, Timing, time_threads
from xdrl.config import NetworkConfig, TrainingConfig
from xdrl.engines.threads import ThreadEngine
from xdrl.games import find_game
from xdrl.losses import costs_at
from xdrl.messages import LearnerState
from xdrl.networks import Network, build_network
from xdrl.preparation import describe_network
from xdrl.rollouts import Policy, RolloutCollector

POLL_SECONDS = 0.5
WARM_UP_UPDATES = 2


class _Player(NamedTuple):
    """What a worker plays with.

    Attributes:
        network: its own.
        policy: of that network.
        screens: uint8 [B, 210, 160, 3], of games that are under way.
        collector: plays on from them.
    """

    network: Network
    policy: Policy
    screens: np.ndarray
    collector: RolloutCollector


def time_acting(settings: BenchmarkSettings) -> Timing:
    """Lets every worker's policy act on the screens of its games, over and over."""
    return time_threads([_acting(player) for player in _start(settings.training)], settings.seconds)


def time_gradients(settings: BenchmarkSettings) -> Timing:
    """Takes the gradients of a rollout that every worker has played, over and over."""
    config = settings.training
    return time_threads([_gradients(player, config) for player in _start(config)], settings.seconds)


def time_training(settings: BenchmarkSettings) -> Timing:
    """Trains, as a run does but for what it writes."""
    config = settings.training
    load_backend().use_threads(config.num_workers)
    network_config = describe_network(find_game(config.game), config.network, config.seed)
    learner = build_learner(config, network_config, LearnerState({}, {}))
    workers = [build_worker(config, network_config, number) for number in range(config.num_workers)]
    for _ in range(WARM_UP_UPDATES):
        for worker in workers:
            learner.take(worker.learn(learner.snapshot()))
    watch = Stopwatch()
    engine = ThreadEngine(learner, lambda: workers, lambda _: watch.elapsed() >= settings.seconds)
    with engine:
        while engine.wait(POLL_SECONDS):
            pass
    return watch.stop(sum(report.lesson.num_steps for report in engine.drain()))


def _start(config: TrainingConfig) -> list[_Player]:
    """Sets the process's threads, and makes every worker's player."""
    load_backend().use_threads(config.num_workers)
    network_config = describe_network(find_game(config.game), config.network, config.seed)
    return [_build_player(config, network_config, index) for index in range(config.num_workers)]


def _build_player(config: TrainingConfig, network_config: NetworkConfig, index: int) -> _Player:
    environment, screens = build_environment(config, index)
    network = build_network(network_config, config.seed)
    policy = load_backend().make_policy(network, config)
    generator = np.random.default_rng([config.seed, index])
    return _Player(network, policy, screens, RolloutCollector(environment, screens, policy, generator))


def _acting(player: _Player) -> Callable[[], int]:
    num_envs = len(player.screens)
    state, is_first = player.policy.initial_state(num_envs), np.zeros(num_envs, bool)

    def act() -> int:
        nonlocal state
        state = player.policy.act(player.screens, state, is_first).state
        return num_envs

    return act


def _gradients(player: _Player, config: TrainingConfig) -> Callable[[], int]:
    compute = load_backend().make_gradients(player.network, config)
    rollout, costs = player.collector.collect(config.rollout_length)[0], costs_at(config, 0)

    def compute_gradients() -> int:
        compute(rollout, costs)
        return rollout.actions.size

    return compute_gradients
