"""What a benchmark is asked for and what it finds, and the same as JSON."""

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xdrl.config import FRAMES_PER_STEP, TrainingConfig, recipe_to_json
from xdrl.errors import UserError
from xdrl.storage.files import save_json

MEASUREMENTS = {
    "emulator": "emulator alone",
    "acting": "acting alone",
    "gradients": "gradients alone",
    "yardstick_before": "yardstick, before",
    "training": "whole training",
    "yardstick_after": "yardstick, after",
    "training_one_worker": "whole training, one worker",
}
"""What each measurement is called, in the order they are made: on a machine whose speed drifts, the yardstick stands
right before and right after what it is compared with."""


@dataclass(frozen=True)
class BenchmarkSettings:
    """What is measured.

    Attributes:
        training: the run whose speed it is.
        seconds: of each measurement, without its warm-up.
        backend: that Keras runs on; the yardstick is TensorFlow's all the same.
    """

    training: TrainingConfig
    seconds: float = 10.0
    backend: str = "tensorflow"

    def __post_init__(self) -> None:
        """Raises UserError where there is no time to measure in."""
        if not 0 < self.seconds < math.inf:
            raise UserError(f"expected seconds above 0, got {self.seconds:g}")


@dataclass(frozen=True)
class Machine:
    """What it is measured on.

    Attributes:
        processor: its model.
        num_cores: that a process may use.
        has_gpu: whether the network runs on one.
        python, tensorflow, keras: versions.
        onednn: value of TF_ENABLE_ONEDNN_OPTS, which the yardstick runs under too; None leaves it to TensorFlow.
    """

    processor: str
    num_cores: int
    has_gpu: bool
    python: str
    tensorflow: str
    keras: str
    onednn: str | None


@dataclass(frozen=True)
class Measurement:
    """What one process measured.

    Attributes:
        num_workers: threads that did it side by side.
        agent_steps: done by all of them; one screen of the yardstick counts as one.
        seconds: from the start until the last thread ended what it had begun.
        cpu_seconds: of all the process's threads in that time.
        peak_bytes: the most memory that the process ever held, warm-up included; 0 where the system does not say.
    """

    num_workers: int
    agent_steps: int
    seconds: float
    cpu_seconds: float
    peak_bytes: int

    @property
    def steps_per_second(self) -> float:
        """Agent steps a second."""
        return self.agent_steps / self.seconds

    @property
    def frames_per_second(self) -> float:
        """Frames of the game a second."""
        return self.steps_per_second * FRAMES_PER_STEP

    @property
    def cores(self) -> float:
        """Cores that were at work on average; fewer than workers where other processes took their share."""
        return self.cpu_seconds / self.seconds

    @property
    def cpu_seconds_per_step(self) -> float:
        """Processor time of one agent step, in seconds."""
        return self.cpu_seconds / self.agent_steps


@dataclass(frozen=True)
class Ratios:
    """How the measured speeds compare.

    Attributes:
        training_to_yardstick: of the whole training to the yardstick, the mean of before and after.
        training_to_yardstick_by_cpu: the same in agent steps for each second of the processor, which other processes
            that share the machine change less.
        training_to_gradients: of the whole training to its gradients alone.
        workers_to_one_worker: of the whole training to the same by one worker on one thread.
    """

    training_to_yardstick: float
    training_to_yardstick_by_cpu: float
    training_to_gradients: float
    workers_to_one_worker: float


@dataclass(frozen=True)
class Benchmark:
    """All measurements of one call.

    Attributes:
        machine: where.
        settings: what.
        measurements: by their names in `MEASUREMENTS`.
    """

    machine: Machine
    settings: BenchmarkSettings
    measurements: Mapping[str, Measurement]

    @property
    def ratios(self) -> Ratios:
        """What the measurements come to."""
        speeds = {name: measurement.steps_per_second for name, measurement in self.measurements.items()}
        costs = {name: measurement.cpu_seconds_per_step for name, measurement in self.measurements.items()}
        speed, cost = ((figures["yardstick_before"] + figures["yardstick_after"]) / 2 for figures in (speeds, costs))
        return Ratios(
            training_to_yardstick=speeds["training"] / speed,
            training_to_yardstick_by_cpu=cost / costs["training"],
            training_to_gradients=speeds["training"] / speeds["gradients"],
            workers_to_one_worker=speeds["training"] / speeds["training_one_worker"],
        )


def benchmark_to_json(benchmark: Benchmark) -> dict[str, Any]:
    """Returns a benchmark as plain JSON values: machine, settings, measurements and ratios."""
    return {
        "machine": dataclasses.asdict(benchmark.machine),
        "settings": dataclasses.asdict(benchmark.settings) | {"training": recipe_to_json(benchmark.settings.training)},
        "measurements": {
            name: dataclasses.asdict(measurement)
            | {
                "steps_per_second": measurement.steps_per_second,
                "frames_per_second": measurement.frames_per_second,
                "cpu_seconds_per_step": measurement.cpu_seconds_per_step,
            }
            for name, measurement in benchmark.measurements.items()
        },
        "ratios": dataclasses.asdict(benchmark.ratios),
    }


def save_benchmark(path: Path, benchmark: Benchmark) -> None:
    """Writes a benchmark as JSON, the folders on the way included.

    Raises:
        UserError: it could not be written.
    """
    save_json(path, benchmark_to_json(benchmark))
