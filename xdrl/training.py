"""Wires a training run: network, workers, engine, log and checkpoints, as a generator of progress."""

import dataclasses
import threading
import time
from collections.abc import Iterator

import numpy as np

from xdrl.assembly import build_learner, build_worker
from xdrl.backends import load_backend
from xdrl.config import NetworkConfig, TrainingConfig, save_run_config
from xdrl.engines.threads import ThreadEngine
from xdrl.environments import VectorEnvironment
from xdrl.errors import UserError
from xdrl.learner import Learner
from xdrl.networks import arrays_to_variables, build_network, variables_to_arrays
from xdrl.rollouts import RolloutCollector
from xdrl.storage.checkpoints import Arrays, Checkpoint, RunState, save_best, save_checkpoint
from xdrl.storage.histories import write_history
from xdrl.storage.progress import Progress, ProgressLog, record_scores, summarise
from xdrl.storage.runs import CONFIG, Run
from xdrl.training_environments import decorrelate, training_environment
from xdrl.workers import Report, Worker

POLL_SECONDS = 0.5
ROW_SECONDS = 10.0
LARGEST_WEIGHT = 100.0
"""Weights beyond it are those of a run that has diverged; of an agent that plays well the largest are about 1."""
DECORRELATION_STEPS = 500
"""Agent steps of random play at most, before a worker's games count."""


def train(run: Run, stop: threading.Event, seconds: float | None = None) -> Iterator[Progress]:
    """Trains until the run's budget is used, and saves as it goes; whatever ends it, the last thing it does is save.

    Args:
        run: what to start from, and where everything goes; the caller holds its folder's lock.
        stop: set it to end soon and cleanly.
        seconds: bound of this call; None is no bound.

    Yields:
        how the run is doing, about twice a second.

    Raises:
        BaseException: whatever a worker failed with.
        UserError: a checkpoint could not be written; the one before is untouched.
    """
    save_run_config(run.run_dir / CONFIG, run.training, run.network)
    write_history(run.run_dir, run.history)
    session = _Session(run, stop, seconds)
    engine = ThreadEngine(session.workers, session.is_over)
    try:
        with engine:
            while engine.wait(POLL_SECONDS):
                yield session.advance(engine.drain())
        yield session.advance(engine.drain(), is_last=True)
    except BaseException as failure:
        try:
            session.close(engine.drain())
        except UserError as error:  # the first failure is the run's
            failure.add_note(str(error))
        raise
    session.close([])


class _Session:
    """What lives while a run is under way."""

    def __init__(self, run: Run, stop: threading.Event, seconds: float | None) -> None:
        self._run_dir, self._config, self._stop, self._seconds = run.run_dir, run.training, stop, seconds
        self._network_config = run.network
        self.state = run.checkpoint.state if run.checkpoint else dataclasses.replace(run.first_state)
        self.learner = _start_learner(run)
        self._generators = _build_generators(run.training, self.state)
        # Before the first checkpoint: a run that is killed soon keeps the curve of the agent that it goes on from.
        self._log = ProgressLog(run.run_dir, self.state.agent_steps, None if run.checkpoint else run.first_log)
        if run.checkpoint is None:
            self.save()  # so that a run that dies early goes on from the weights it began with
        self._environments: list[VectorEnvironment] = []
        self.workers = [self._build_worker(run.network, index) for index in range(run.training.num_workers)]
        self._row_reports: list[Report] = []
        self._rate = float("nan")
        self._started = self._clock = self._row_time = self._saved_at = time.monotonic()

    def is_over(self) -> bool:
        elapsed = time.monotonic() - self._started
        is_late = self._seconds is not None and elapsed >= self._seconds
        return self._stop.is_set() or is_late or self.learner.agent_steps >= self._config.agent_steps

    def advance(self, reports: list[Report], is_last: bool = False) -> Progress:
        """Takes the reports in, and writes a row and a checkpoint when they are due."""
        now = time.monotonic()
        self.state.seconds += now - self._clock
        self._clock = now
        record_scores(self.state, reports)
        self.state.agent_steps, self.state.bad_gradients = self.learner.agent_steps, self.learner.bad_gradients
        self._row_reports += reports
        progress = summarise(self._config, self.state, self._row_reports, now - self._row_time, self._rate)
        if self._row_reports and (is_last or now - self._row_time >= ROW_SECONDS):
            self._log.write(progress)
            self._row_reports, self._row_time, self._rate = [], now, progress.steps_per_second
        if now - self._saved_at >= self._config.checkpoint_seconds:
            self.save()
        return progress

    def save(self) -> None:
        """Writes a checkpoint, and `best/` when the budget is used."""
        with self.learner.lock:
            weights = variables_to_arrays(self.learner.network.weights)
            optimizer = variables_to_arrays(self.learner.optimizer.variables)
            is_healthy = not self.learner.is_going_wrong
            self.state.agent_steps = self.learner.agent_steps
            self.state.updates, self.state.bad_gradients = self.learner.updates, self.learner.bad_gradients
        self.state.is_healthy = is_healthy and all(np.abs(array).max() < LARGEST_WEIGHT for array in weights.values())
        if not (self._run_dir / CONFIG).exists():  # somebody deleted the folder: all that it needs is here
            save_run_config(self._run_dir / CONFIG, self._config, self._network_config)
        self.state.random_states = [dict(generator.bit_generator.state) for generator in self._generators]
        if self.state.agent_steps >= self._config.agent_steps:
            save_best(self._run_dir, weights, self.state)
        save_checkpoint(self._run_dir, Checkpoint(weights, _split_optimizer(optimizer), self.state))
        self._saved_at = time.monotonic()

    def close(self, reports: list[Report]) -> None:
        """Takes the last reports in, saves and frees everything; the workers have ended."""
        try:
            self.advance(reports)
            self.save()
        finally:
            self._log.close()
            for environment in self._environments:
                environment.close()

    def _build_worker(self, network_config: NetworkConfig, index: int) -> Worker:
        config = self._config
        environment = training_environment(config)
        self._environments.append(environment)
        generator = self._generators[index]
        screens = decorrelate(environment, int(generator.integers(2**30)), DECORRELATION_STEPS)
        network = build_network(network_config)
        collector = RolloutCollector(environment, screens, load_backend().make_policy(network, config), generator)
        return build_worker(config, self.learner, network, collector)


def _start_learner(run: Run) -> Learner:
    """Builds the learner, and brings it to where the run begins."""
    learner, checkpoint = build_learner(run.training, run.network), run.checkpoint
    if checkpoint:
        arrays_to_variables(checkpoint.weights, learner.network.weights)
        merged = {path: array for arrays in checkpoint.optimizer.values() for path, array in arrays.items()}
        arrays_to_variables(merged, learner.optimizer.variables)
        learner.updates, learner.bad_gradients = checkpoint.state.updates, checkpoint.state.bad_gradients
    elif run.first_weights is not None:
        arrays_to_variables(run.first_weights, learner.network.weights)
    learner.agent_steps = run.agent_steps
    return learner


def _build_generators(config: TrainingConfig, state: RunState) -> list[np.random.Generator]:
    """One a worker, each where the checkpoint left it."""
    generators = [np.random.default_rng([config.seed, index]) for index in range(config.num_workers)]
    for generator, saved in zip(generators, state.random_states, strict=False):
        generator.bit_generator.state = saved
    return generators


def _split_optimizer(arrays: Arrays) -> dict[str, Arrays]:
    """Gives each of Adam's moments a file of its own: `..._momentum`, `..._velocity`, and what is left."""
    files: dict[str, Arrays] = {}
    for path, array in arrays.items():
        ending = path.rpartition("_")[2]
        files.setdefault(ending if ending in ("momentum", "velocity") else "optimizer", {})[path] = array
    return files
