"""How fast the emulator alone is; the process that measures it imports no network."""

from collections.abc import Callable

import numpy as np

from xdrl.benchmarks.records import BenchmarkSettings
from xdrl.benchmarks.timing import Timing, time_threads
from xdrl.config import TrainingConfig
from xdrl.environments import VectorEnvironment
from xdrl.training_environments import decorrelate, training_environment

DECORRELATION_STEPS = 50
"""Agent steps of random play at most, before the games count."""


def build_environment(config: TrainingConfig, index: int) -> tuple[VectorEnvironment, np.ndarray]:
    """Makes the environments of one worker, and plays them apart.

    Returns:
        the environments, and their present screens, uint8 [B, 210, 160, 3].
    """
    environment = training_environment(config)
    return environment, decorrelate(environment, config.seed + index, DECORRELATION_STEPS)


def time_emulator(settings: BenchmarkSettings) -> Timing:
    """Steps every worker's environments with random actions."""
    config = settings.training
    environments = [build_environment(config, index)[0] for index in range(config.num_workers)]
    return time_threads([_stepping(environment) for environment in environments], settings.seconds)


def _stepping(environment: VectorEnvironment) -> Callable[[], int]:
    generator = np.random.default_rng(0)

    def step() -> int:
        environment.step(generator.integers(0, len(environment.action_names), environment.num_envs))
        return environment.num_envs

    return step
