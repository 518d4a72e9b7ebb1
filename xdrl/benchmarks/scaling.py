"""How fast training is by the number of workers: Ray's processes beside threads, and what goes over the wire."""

import dataclasses
import statistics
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from xdrl.backends import choose_backend, load_backend
from xdrl.benchmarks.process_trees import tree_cpu_seconds
from xdrl.benchmarks.processes import ProcessError, call_in_fresh_process
from xdrl.benchmarks.records import BenchmarkSettings, Machine
from xdrl.config import recipe_to_json
from xdrl.engines import ENGINES, Engine, Plan
from xdrl.engines.choice import choose_engine
from xdrl.errors import UserError
from xdrl.games import find_game
from xdrl.messages import LearnerState, Report

POLL_SECONDS = 0.2
WARM_UP_LESSONS = 2
"""Of every worker, before its lessons count: what is compiled on first use is compiled then."""


@dataclass(frozen=True)
class EngineSpeed:
    """What some workers of an engine did.

    Attributes:
        steps_per_second: agent steps, the sum over the workers.
        cpu_seconds_per_step: of the processor, of all processes that were started here, in seconds.
        policy_lag: mean, in updates.
        bytes_per_second: of weights and gradients together; 0 where none are sent.
        learner_seconds: from a lesson's arrival to the answer, mean; 0 where it is not measured.
    """

    steps_per_second: float
    cpu_seconds_per_step: float
    policy_lag: float
    bytes_per_second: float = 0.0
    learner_seconds: float = 0.0


@dataclass(frozen=True)
class Scaling:
    """All that one call measured.

    Attributes:
        machine: where.
        settings: what.
        rounds: of each, the speed by engine and number of workers.
    """

    machine: Machine
    settings: BenchmarkSettings
    rounds: tuple[dict[tuple[str, int], EngineSpeed], ...]

    def median(self, engine: str, num_workers: int) -> EngineSpeed:
        """Returns the medians over the rounds."""
        speeds = [found[engine, num_workers] for found in self.rounds]
        names = [field.name for field in dataclasses.fields(EngineSpeed)]
        return EngineSpeed(*(statistics.median(getattr(speed, name) for speed in speeds) for name in names))

    def ratio(self, num_workers: int) -> float:
        """Returns Ray's speed by that of as many threads in the same round, the median over the rounds."""
        pairs = [(found["ray", num_workers], found["threads", num_workers]) for found in self.rounds]
        return statistics.median(ray.steps_per_second / threads.steps_per_second for ray, threads in pairs)

    def ratio_by_cpu(self, num_workers: int) -> float:
        """Returns the same in agent steps for each second of the processor."""
        pairs = [(found["ray", num_workers], found["threads", num_workers]) for found in self.rounds]
        return statistics.median(threads.cpu_seconds_per_step / ray.cpu_seconds_per_step for ray, threads in pairs)


def worker_counts(most: int) -> list[int]:
    """Returns 1, 2, 4 ... and the most."""
    return sorted({2**power for power in range(most.bit_length()) if 2**power <= most} | {most})


def measure_scaling(
    settings: BenchmarkSettings,
    counts: Sequence[int],
    num_rounds: int,
    address: str | None,
    on_measured: Callable[[int], None] = lambda count: None,
) -> Iterator[dict[tuple[str, int], EngineSpeed]]:
    """Measures every engine with every number of workers, round after round: a machine's speed drifts.

    Args:
        settings: what is measured; its number of workers is not.
        counts: numbers of workers.
        num_rounds: how often.
        address: of the Ray cluster; None starts Ray here.
        on_measured: called with the number of measurements made so far.

    Yields:
        the speeds of a round by engine and number of workers.

    Raises:
        UserError: a measurement failed.
    """
    made = 0
    for _ in range(num_rounds):
        found = {}
        for num_workers in counts:
            for engine in ENGINES:
                sized = dataclasses.replace(settings.training, num_workers=num_workers)
                found[engine, num_workers] = _measure(engine, dataclasses.replace(settings, training=sized), address)
                made += 1
                on_measured(made)
        yield found


def measure_engine(name: str, settings: BenchmarkSettings, address: str | None) -> EngineSpeed:
    """Measures one engine in this process, which should be good for nothing else."""
    choose_backend(settings.backend)
    load_backend().use_threads(settings.training.num_workers)
    from xdrl.preparation import describe_network  # imports Keras

    training, is_over = settings.training, threading.Event()
    network = describe_network(find_game(training.game), training.network, training.seed)
    plan = Plan(training, network, LearnerState({}, {}), (), lambda _: is_over.is_set())
    with closing(choose_engine(name, address)(plan)) as engine, engine:
        _run(engine, lambda reports: _counts_of(reports, training.num_workers) >= WARM_UP_LESSONS)
        before, started, cpu = engine.traffic, time.monotonic(), tree_cpu_seconds()
        deadline = started + settings.seconds
        reports = _run(engine, lambda _: time.monotonic() >= deadline)
        after, elapsed, cpu = engine.traffic, time.monotonic() - started, tree_cpu_seconds() - cpu
        is_over.set()
    if _counts_of(reports, training.num_workers) < 2:  # a speed is taken between two of them
        raise UserError(f"expected two lessons of every worker within {settings.seconds:g} s; give it more --seconds")
    lag = statistics.fmean(report.policy_lag for report in reports)
    num_steps = sum(report.lesson.num_steps for report in reports)
    speed = EngineSpeed(_steps_per_second(reports), cpu / num_steps, lag)
    if after.lessons == before.lessons:
        return speed
    num_bytes = after.bytes_in + after.bytes_out - before.bytes_in - before.bytes_out
    busy = (after.busy_seconds - before.busy_seconds) / (after.lessons - before.lessons)
    return dataclasses.replace(speed, bytes_per_second=num_bytes / elapsed, learner_seconds=busy)


def scaling_to_json(scaling: Scaling) -> dict[str, Any]:
    """Returns the measurements as plain JSON values: machine, settings, rounds, medians and ratios."""
    keys = list(scaling.rounds[0])
    counts = sorted({count for _, count in keys})
    return {
        "machine": dataclasses.asdict(scaling.machine),
        "settings": dataclasses.asdict(scaling.settings) | {"training": recipe_to_json(scaling.settings.training)},
        "rounds": [_by_name(found) for found in scaling.rounds],
        "medians": _by_name({key: scaling.median(*key) for key in keys}),
        "ray_to_threads": {str(count): scaling.ratio(count) for count in counts},
        "ray_to_threads_by_cpu": {str(count): scaling.ratio_by_cpu(count) for count in counts},
    }


def _by_name(speeds: dict[tuple[str, int], EngineSpeed]) -> dict[str, Any]:
    return {f"{engine} {count}": dataclasses.asdict(speed) for (engine, count), speed in speeds.items()}


def _measure(engine: str, settings: BenchmarkSettings, address: str | None) -> EngineSpeed:
    try:
        speed: EngineSpeed = call_in_fresh_process(measure_engine, engine, settings, address)
    except ProcessError as error:
        raise UserError(f"measuring {engine} failed: {error}") from error
    return speed


def _run(engine: Engine, is_enough: Callable[[list[Report]], bool]) -> list[Report]:
    """Lets the workers learn until it is enough; returns what they reported."""
    reports: list[Report] = []
    while not is_enough(reports) and engine.wait(POLL_SECONDS):
        reports += engine.drain()
    return reports


def _counts_of(reports: Sequence[Report], num_workers: int) -> int:
    """Returns the number of lessons of the worker with the fewest."""
    counts = [0] * num_workers
    for report in reports:
        counts[report.lesson.worker] += 1
    return min(counts)


def _steps_per_second(reports: Sequence[Report]) -> float:
    """Sums the workers' speeds, each between its first and its last lesson, which are whole then."""
    lessons: dict[int, list[Report]] = {}
    for report in reports:
        lessons.setdefault(report.lesson.worker, []).append(report)
    return sum(
        sum(report.lesson.num_steps for report in own[1:]) / (own[-1].taken_at - own[0].taken_at)
        for own in lessons.values()
        if len(own) > 1
    )
