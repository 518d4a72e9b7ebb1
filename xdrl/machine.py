"""What suits the machine: how many workers, environments and emulator threads train on it unless told otherwise."""

import os
import platform
from pathlib import Path
from typing import NamedTuple

MOST_WORKERS = 16
"""On a CPU; as many as A3C was published with (Mnih et al. 2016)."""
STEPS_PER_UPDATE = 240
"""Of one worker on a CPU: more learn less from each, fewer read the weights too often for it."""
MANY_CORES = 8
"""From here on there are enough to feed a GPU from more than two workers."""
ENVS_PER_THREAD = 8
"""Environments that one emulator thread steps through while the GPU serves the other workers."""
FEWEST_ENVS, MOST_ENVS = 16, 64
"""Of one worker on a GPU: fewer leave it idle, more make an update of too many steps."""
BFLOAT16_FLAGS = {"avx512_bf16", "amx_bf16"}
"""Of processors that multiply bfloat16 about twice as fast as float32, as Linux calls them."""


class MachineSettings(NamedTuple):
    """Fields of `TrainingConfig` that the machine decides on.

    Attributes:
        num_workers: threads that train.
        envs_per_worker: environments of each.
        emulator_threads: of each worker.
        convolution_dtype: `bfloat16` where it is faster.
    """

    num_workers: int
    envs_per_worker: int
    emulator_threads: int
    convolution_dtype: str


def suitable_settings(
    num_cores: int, has_gpu: bool, rollout_length: int, has_bfloat16: bool = False
) -> MachineSettings:
    """Returns what suits a machine.

    Without a GPU there is one worker more than cores, so that none idles while a worker waits for another, and few
    environments of each: an update of many steps learns less from each. With a GPU the cores play the games, and each
    call of the network is for many environments.

    Args:
        num_cores: that this process may use.
        has_gpu: whether the network runs on one.
        rollout_length: agent steps of an environment between two updates.
        has_bfloat16: whether the processor multiplies bfloat16, and the backend makes use of it.
    """
    if not has_gpu:
        dtype = "bfloat16" if has_bfloat16 else "float32"
        num_envs = max(1, STEPS_PER_UPDATE // rollout_length)
        return MachineSettings(min(num_cores + 1, MOST_WORKERS), num_envs, 1, dtype)
    num_workers = 4 if num_cores >= MANY_CORES else 2
    emulator_threads = max(1, num_cores // num_workers)
    envs_per_worker = min(max(ENVS_PER_THREAD * emulator_threads, FEWEST_ENVS), MOST_ENVS)
    return MachineSettings(num_workers, envs_per_worker, min(emulator_threads, envs_per_worker), "float32")


def has_bfloat16(processor: Path = Path("/proc/cpuinfo")) -> bool:
    """Says whether the processor multiplies bfloat16; where the system does not tell, it does not.

    Args:
        processor: Linux' description of it.
    """
    try:
        return not BFLOAT16_FLAGS.isdisjoint(processor.read_text("utf-8").split())
    except OSError:
        return False


def count_cores() -> int:
    """Counts the cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def describe_processor() -> str:
    """Names the processor, as far as the system tells."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text("utf-8").splitlines() if cpuinfo.exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or platform.machine()
