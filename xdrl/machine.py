"""What suits the machine: how many workers, environments and emulator threads train on it unless told otherwise."""

import os
from typing import NamedTuple

MOST_WORKERS = 16
"""On a CPU; as many as A3C was published with (Mnih et al. 2016)."""
MANY_CORES = 8
"""From here on there are enough to feed a GPU from more than two workers."""
ENVS_PER_THREAD = 8
"""Environments that one emulator thread steps through while the GPU serves the other workers."""
FEWEST_ENVS, MOST_ENVS = 16, 64
"""Of one worker on a GPU: fewer leave it idle, more make an update of too many steps."""


class Sizes(NamedTuple):
    """Fields of `TrainingConfig` that the machine decides on.

    Attributes:
        num_workers: threads that train.
        envs_per_worker: environments of each.
        emulator_threads: of each worker.
    """

    num_workers: int
    envs_per_worker: int
    emulator_threads: int


def suitable_sizes(num_cores: int, has_gpu: bool) -> Sizes:
    """Returns the sizes for a machine.

    Without a GPU there is one worker more than cores, so that none idles while a worker waits for another, and few
    environments of each: an update of many steps learns less from each. With a GPU the cores play the games, and each
    call of the network is for many environments.

    Args:
        num_cores: that this process may use.
        has_gpu: whether the network runs on one.
    """
    if not has_gpu:
        return Sizes(min(num_cores + 1, MOST_WORKERS), envs_per_worker=12, emulator_threads=1)
    num_workers = 4 if num_cores >= MANY_CORES else 2
    emulator_threads = max(1, num_cores // num_workers)
    envs_per_worker = min(max(ENVS_PER_THREAD * emulator_threads, FEWEST_ENVS), MOST_ENVS)
    return Sizes(num_workers, envs_per_worker, min(emulator_threads, envs_per_worker))


def count_cores() -> int:
    """Counts the cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
