"""How long explanations take: every method, on the frames of a recorded game, beside playing them and tf-keras-vis."""

import dataclasses
import itertools
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any

import numpy as np

from xdrl.agent_networks import take_step
from xdrl.agents import CHUNK, Agent
from xdrl.backends.tensorflow import step_input_signature
from xdrl.benchmarks.measuring import describe_machine
from xdrl.benchmarks.records import Machine
from xdrl.benchmarks.reference import REFERENCES, reference_explainer
from xdrl.errors import UserError
from xdrl.evaluation import Recording
from xdrl.explainers import METHODS
from xdrl.explainers.maps import compile_method, in_chunks
from xdrl.memories import select

PLAYING, REFERENCE = "playing", "tf-keras-vis "
"""Name of the network alone on the same frames, and what the names of the methods to compare with begin with."""
SLOW_MILLISECONDS = 15.0
"""A frame; what takes longer is timed on the first frames of the game alone."""
SLOW_FRAMES = CHUNK


@dataclass(frozen=True)
class ExplainingTimes:
    """What one row took.

    Attributes:
        num_frames: of the game, that were explained each time.
        milliseconds: of one frame, one figure each time; what is compiled at first is not in them.
    """

    num_frames: int
    milliseconds: tuple[float, ...]

    @property
    def median(self) -> float:
        """The median of the milliseconds a frame."""
        return median(self.milliseconds)


@dataclass(frozen=True)
class ExplainingBenchmark:
    """The times of all rows, measured in turn, so that a machine whose speed drifts is the same to all.

    Attributes:
        machine: where.
        game, network: whose frames, and the kind of network that is explained.
        num_frames: of the game.
        chunk: frames at a time, for every row.
        rows: by name: `playing`, the methods, and those of tf-keras-vis.
    """

    machine: Machine
    game: str
    network: str
    num_frames: int
    chunk: int
    rows: Mapping[str, ExplainingTimes]

    @property
    def grad_cam_to_playing(self) -> float:
        """How many times as long Grad-CAM takes as playing the same frames through the network."""
        return self.rows["grad-cam"].median / self.rows[PLAYING].median

    @property
    def reference_to_grad_cam(self) -> float:
        """How many times as long Grad-CAM takes in tf-keras-vis."""
        return self.rows[f"{REFERENCE}Gradcam"].median / self.rows["grad-cam"].median


def benchmark_explaining(
    agent: Agent,
    recording: Recording,
    repeats: int = 5,
    on_task: Callable[[int, int, str], None] = lambda done, total, what: None,
) -> ExplainingBenchmark:
    """Times every method on a recorded game, for the actions that were taken.

    Args:
        agent: that is explained.
        recording: of a game that it played.
        repeats: times that all rows are measured in turn.
        on_task: called before each measurement, and at the end, with the number of them that are done, that of all,
            warm-ups included, and what comes next.

    Raises:
        UserError: there is nothing to repeat.
    """
    if repeats < 1:
        raise UserError(f"expected at least 1 repeat, got {repeats}")
    tasks = _tasks(agent, recording)
    total, done = len(tasks) * (repeats + 1), itertools.count()
    frames = {}
    for name, task in tasks.items():
        on_task(next(done), total, f"{name}, warming up")
        frames[name] = _suitable_frames(task, len(recording.screens))
    milliseconds: dict[str, list[float]] = {name: [] for name in tasks}
    for count in range(1, repeats + 1):
        for name, task in tasks.items():
            on_task(next(done), total, f"{name}, round {count} of {repeats}")
            milliseconds[name].append(_time(task, frames[name]))
    on_task(total, total, "done")
    rows = {name: ExplainingTimes(frames[name], tuple(times)) for name, times in milliseconds.items()}
    kind, machine = agent.network.config.kind, describe_machine("tensorflow")
    return ExplainingBenchmark(machine, agent.game.name, kind, len(recording.screens), CHUNK, rows)


def explaining_to_json(benchmark: ExplainingBenchmark) -> dict[str, Any]:
    """Returns a benchmark as plain JSON values, medians and ratios included."""
    rows = {name: dataclasses.asdict(row) | {"median": row.median} for name, row in benchmark.rows.items()}
    ratios = {name: getattr(benchmark, name) for name in ("grad_cam_to_playing", "reference_to_grad_cam")}
    return dataclasses.asdict(dataclasses.replace(benchmark, rows={})) | {"rows": rows, "ratios": ratios}


def _tasks(agent: Agent, recording: Recording) -> dict[str, Callable[[int], Any]]:
    """Names every row, and what it does with the first frames of the game."""
    screens, state, actions = recording.screens, recording.state, recording.actions
    network = agent.network
    play = compile_method(lambda screens, *memory: take_step(network, screens, memory), step_input_signature(network))

    def explain(method: str) -> Callable[[int], Any]:
        def run(count: int) -> Any:
            return agent.explain(screens[:count], select(state, slice(count)), "chosen", method, actions[:count])

        return run

    def refer(name: str) -> Callable[[int], Any]:
        reference = reference_explainer(name, network)
        return lambda count: [
            reference(screens[start : min(start + CHUNK, count)], actions[start : min(start + CHUNK, count)])
            for start in range(0, count, CHUNK)
        ]

    return {
        PLAYING: lambda count: in_chunks(play, [array[:count] for array in (screens, *state)], CHUNK),
        **{method: explain(method) for method in METHODS},
        **{f"{REFERENCE}{name}": refer(name) for name in REFERENCES},
    }


def _suitable_frames(task: Callable[[int], Any], num_frames: int) -> int:
    """Warms a task up, and returns all the frames of the game, or the first ones where it is slow."""
    few = min(SLOW_FRAMES, num_frames)
    task(few)
    return few if _time(task, few) > SLOW_MILLISECONDS else num_frames


def _time(task: Callable[[int], Any], num_frames: int) -> float:
    started = time.perf_counter()
    task(num_frames)
    return float(np.round((time.perf_counter() - started) / num_frames * 1000, 4))
