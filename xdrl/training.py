"""Wires a training run: engine, log and checkpoints, as a generator of progress."""

import dataclasses
import threading
import time
from collections.abc import Iterator
from contextlib import closing

import numpy as np

from xdrl.config import TrainingConfig, save_run_config
from xdrl.engines import Engine, LearnerLostError, MakeEngine, Plan
from xdrl.engines.threads import start_threads
from xdrl.errors import UserError
from xdrl.messages import Counts, LearnerState, Report
from xdrl.storage.checkpoints import Arrays, Checkpoint, RunState, load_checkpoint, save_best, save_checkpoint
from xdrl.storage.histories import write_history
from xdrl.storage.progress import Progress, ProgressLog, record_scores, summarise
from xdrl.storage.runs import CONFIG, Run

POLL_SECONDS = 0.5
ROW_SECONDS = 10.0
LARGEST_WEIGHT = 100.0
"""Weights beyond it are those of a run that has diverged; of an agent that plays well the largest are about 1."""


def train(
    run: Run, stop: threading.Event, seconds: float | None = None, make_engine: MakeEngine = start_threads
) -> Iterator[Progress]:
    """Trains until the run's budget is used, and saves as it goes; whatever ends it, the last thing it does is save.

    Where the learner is lost, it goes on from the last checkpoint with another.

    Args:
        run: what to start from, and where everything goes; the caller holds its folder's lock.
        stop: set it to end soon and cleanly.
        seconds: bound of this call; None is no bound.
        make_engine: makes what runs the learner and the workers.

    Yields:
        how the run is doing, about twice a second.

    Raises:
        BaseException: whatever a worker failed with.
        UserError: a checkpoint could not be written; the one before is untouched.
    """
    save_run_config(run.run_dir / CONFIG, run.training, run.network)
    write_history(run.run_dir, run.history)
    limits = _Limits(run.training, stop, seconds)
    while True:
        try:
            yield from _train(run, limits, make_engine)
            return
        except LearnerLostError:
            checkpoint, _ = load_checkpoint(run.run_dir)
            is_new = checkpoint is not None and checkpoint.state.agent_steps > run.agent_steps
            if not is_new or limits.are_reached(run.agent_steps):
                raise  # it is lost whenever it begins, or nobody waits for another
            run = dataclasses.replace(run, checkpoint=checkpoint)


class _Limits:
    """What ends a call: its budget, its time, or somebody."""

    def __init__(self, config: TrainingConfig, stop: threading.Event, seconds: float | None) -> None:
        self._budget, self._stop, self._seconds = config.agent_steps, stop, seconds
        self._started: float | None = None

    def begin(self) -> None:
        """Has the call's time begin, unless it has."""
        self._started = self._started or time.monotonic()

    def are_reached(self, agent_steps: int) -> bool:
        elapsed = time.monotonic() - self._started if self._started else 0.0
        is_late = self._seconds is not None and elapsed >= self._seconds
        return self._stop.is_set() or is_late or agent_steps >= self._budget


def _train(run: Run, limits: _Limits, make_engine: MakeEngine) -> Iterator[Progress]:
    """Trains with one engine."""
    state = run.checkpoint.state if run.checkpoint else dataclasses.replace(run.first_state)
    plan = Plan(run.training, run.network, _start_of(run), tuple(state.random_states), limits.are_reached)
    with closing(make_engine(plan)) as engine:
        session = _Session(run, state, engine)
        try:
            with engine:
                limits.begin()
                session.begin()
                while engine.wait(POLL_SECONDS):
                    yield session.advance(engine.drain())
            yield session.advance(engine.drain(), is_last=True)
        except LearnerLostError:
            session.abandon()
            raise
        except BaseException as failure:
            try:
                session.close(engine.drain())
            except (UserError, LearnerLostError) as error:  # the first failure is the run's
                failure.add_note(str(error))
            raise
        session.close([])


def _start_of(run: Run) -> LearnerState:
    """Returns what a run's learner goes on from."""
    checkpoint = run.checkpoint
    if checkpoint is None:
        return LearnerState(run.first_weights or {}, {}, Counts(run.agent_steps))
    state = checkpoint.state
    counts = Counts(state.agent_steps, state.updates, state.bad_gradients, state.late_gradients)
    merged = {path: array for arrays in checkpoint.optimizer.values() for path, array in arrays.items()}
    return LearnerState(checkpoint.weights, merged, counts)


class _Session:
    """What lives while a run is under way."""

    def __init__(self, run: Run, state: RunState, engine: Engine) -> None:
        self._run_dir, self._config, self._network = run.run_dir, run.training, run.network
        self.state, self._engine = state, engine
        # Before the first checkpoint: a run that is killed soon keeps the curve of the agent that it goes on from.
        self._log = ProgressLog(run.run_dir, state.agent_steps, None if run.checkpoint else run.first_log)
        self._row_reports: list[Report] = []
        self._row: Progress | None = None
        self.begin()
        if run.checkpoint is None:
            self.save()  # so that a run that dies early goes on from the weights it began with

    def begin(self) -> None:
        """Has the time that is counted as the run's begin."""
        self._clock = self._row_time = self._saved_at = time.monotonic()

    def advance(self, reports: list[Report], is_last: bool = False) -> Progress:
        """Takes the reports in, and writes a row and a checkpoint when they are due."""
        now = time.monotonic()
        self.state.seconds += now - self._clock
        self._clock = now
        record_scores(self.state, reports)
        self._record_random_states(reports)
        self._record_counts(self._engine.counts)
        self._row_reports += reports
        elapsed = now - self._row_time
        if self._row and not self._row_reports and (is_last or elapsed < ROW_SECONDS):
            progress = dataclasses.replace(self._row, seconds=self.state.seconds)  # still the newest that is known
        else:
            rate_before = self._row.steps_per_second if self._row else float("nan")
            progress = summarise(self._config, self.state, self._row_reports, elapsed, rate_before)
        if self._row_reports and (is_last or elapsed >= ROW_SECONDS):
            self._log.write(progress)
            self._row_reports, self._row_time, self._row = [], now, progress
        if now - self._saved_at >= self._config.checkpoint_seconds:
            self.save()
        return dataclasses.replace(progress, note=self._engine.note)

    def save(self) -> None:
        """Writes a checkpoint, and `best/` when the budget is used."""
        learner = self._engine.state()
        self._record_counts(learner.counts)
        is_bounded = all(np.abs(array).max() < LARGEST_WEIGHT for array in learner.weights.values())
        self.state.is_healthy = is_bounded and not learner.is_going_wrong
        if not (self._run_dir / CONFIG).exists():  # somebody deleted the folder: all that it needs is here
            save_run_config(self._run_dir / CONFIG, self._config, self._network)
        if self.state.agent_steps >= self._config.agent_steps:
            save_best(self._run_dir, learner.weights, self.state)
        save_checkpoint(self._run_dir, Checkpoint(learner.weights, _split_optimizer(learner.optimizer), self.state))
        self._saved_at = time.monotonic()

    def close(self, reports: list[Report]) -> None:
        """Takes the last reports in and saves; the workers have ended."""
        try:
            self.advance(reports)
            self.save()
        finally:
            self._log.close()

    def abandon(self) -> None:
        """Leaves all as the last checkpoint has it."""
        self._log.close()

    def _record_counts(self, counts: Counts) -> None:
        for name, count in counts._asdict().items():
            setattr(self.state, name, count)

    def _record_random_states(self, reports: list[Report]) -> None:
        """Keeps the newest state of each worker's generator; one that has not reported begins as by the seed."""
        states = self.state.random_states
        for report in reports:
            lesson = report.lesson
            states += [{}] * (lesson.worker + 1 - len(states))
            states[lesson.worker] = lesson.random_state


def _split_optimizer(arrays: Arrays) -> dict[str, Arrays]:
    """Gives each of Adam's moments a file of its own: `..._momentum`, `..._velocity`, and what is left."""
    files: dict[str, Arrays] = {}
    for path, array in arrays.items():
        ending = path.rpartition("_")[2]
        files.setdefault(ending if ending in ("momentum", "velocity") else "optimizer", {})[path] = array
    return files
