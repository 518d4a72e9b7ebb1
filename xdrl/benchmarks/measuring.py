"""Makes the measurements of a benchmark, each in a fresh process: TensorFlow's threads are set once in a process.

What asks for them stays light, since a process begins with the peak memory of the one that started it.
"""

import dataclasses
import os
import platform
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from typing import Any

from xdrl.backends import choose_backend, load_backend
from xdrl.benchmarks.processes import ProcessError, call_in_fresh_process
from xdrl.benchmarks.records import MEASUREMENTS, BenchmarkSettings, Machine, Measurement
from xdrl.benchmarks.timing import Timing
from xdrl.config import TrainingConfig
from xdrl.errors import UserError
from xdrl.games import Game
from xdrl.machine import count_cores, describe_processor, has_bfloat16, suitable_settings


def prepare_benchmark(
    game: Game, asked: Mapping[str, Any], seconds: float, backend: str
) -> tuple[Machine, BenchmarkSettings]:
    """Looks at the machine, and settles what is measured: the run that `train` would start on it.

    Args:
        game: that is trained.
        asked: fields of `TrainingConfig` that were asked for.
        seconds: of each measurement.
        backend: that Keras runs on.

    Raises:
        UserError: a number makes no sense, or the backend does not start.
    """
    training = TrainingConfig(**{"game": game.name, **vars(game.recipe), **asked})
    settings = BenchmarkSettings(training, seconds, backend)
    machine: Machine = _call("looking at the machine", describe_machine, backend)
    multiplies = backend == "tensorflow" and has_bfloat16()
    suited = suitable_settings(machine.num_cores, machine.has_gpu, training.rollout_length, multiplies)._asdict()
    left = {name: value for name, value in suited.items() if name not in asked}
    return machine, dataclasses.replace(settings, training=dataclasses.replace(training, **left))


def measure(name: str, settings: BenchmarkSettings) -> Measurement:
    """Makes one measurement in a process of its own.

    Args:
        name: one of `MEASUREMENTS`.
        settings: what is measured.

    Raises:
        UserError: it failed.
    """
    measurement: Measurement = _call(f"measuring {MEASUREMENTS[name]}", measure_here, name, settings)
    return measurement


def measure_here(name: str, settings: BenchmarkSettings) -> Measurement:
    """Makes one measurement in this process, which should be good for nothing else."""
    if name.startswith("yardstick"):
        settings = _with(settings, num_workers=min(settings.training.num_workers, count_cores()))
    if name == "training_one_worker":
        settings = _with(settings, num_workers=1, emulator_threads=1)
        with _on_one_core():
            timing = _time(name, settings)
    else:
        timing = _time(name, settings)
    return Measurement(settings.training.num_workers, *timing, _peak_bytes())


def describe_machine(backend: str) -> Machine:
    """Describes this machine, as a backend sees it."""
    choose_backend(backend)
    return Machine(
        processor=describe_processor(),
        num_cores=count_cores(),
        has_gpu=load_backend().has_gpu(),
        python=platform.python_version(),
        tensorflow=version("tensorflow"),
        keras=version("keras"),
        onednn=os.environ.get("TF_ENABLE_ONEDNN_OPTS"),
    )


def _with(settings: BenchmarkSettings, **sizes: Any) -> BenchmarkSettings:
    return dataclasses.replace(settings, training=dataclasses.replace(settings.training, **sizes))


def _peak_bytes() -> int:
    if sys.platform == "win32":
        return 0  # it does not say
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024  # macOS counts bytes, Linux KiB


def _call(what: str, function: Callable[..., Any], *arguments: Any) -> Any:
    try:
        return call_in_fresh_process(function, *arguments)
    except ProcessError as error:
        raise UserError(f"{what} failed: {error}") from error


def _time(name: str, settings: BenchmarkSettings) -> Timing:
    """Imports what a measurement needs, and no more: it all counts as its memory."""
    if name == "emulator":
        from xdrl.benchmarks.emulator import time_emulator

        return time_emulator(settings)
    if name.startswith("yardstick"):
        choose_backend("tensorflow")
        from xdrl.benchmarks.yardstick import time_yardstick

        return time_yardstick(settings)
    choose_backend(settings.backend)
    from xdrl.benchmarks import learning

    if name == "acting":
        return learning.time_acting(settings)
    if name == "gradients":
        return learning.time_gradients(settings)
    return learning.time_training(settings)


@contextmanager
def _on_one_core() -> Iterator[None]:
    """Keeps this thread, and those that it starts, on one core, where the system can: a backend has threads besides."""
    if sys.platform != "linux":
        yield
        return
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(allowed)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)
