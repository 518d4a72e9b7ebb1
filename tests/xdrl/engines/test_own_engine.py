"""A worked example: an engine of one's own, which has the workers take turns in one thread, and trains whole runs."""

import math
import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from xdrl import assembly, training
from xdrl.assembly import build_learner, build_worker
from xdrl.config import NetworkConfig, TrainingConfig
from xdrl.engines import LearnerLostError, Plan
from xdrl.messages import Counts, LearnerState, Report, Traffic
from xdrl.storage.checkpoints import load_checkpoint
from xdrl.storage.progress import read_progress
from xdrl.storage.runs import Run
from xdrl.training import train
from xdrl.workers import Worker


class TakingTurns:
    """Has each worker learn once in every `wait`."""

    note, traffic = "they take turns", Traffic()

    def __init__(self, plan: Plan) -> None:
        self._plan, self._learner = plan, build_learner(plan.training, plan.network, plan.start)
        self._workers: list[Worker] = []
        self._reports: list[Report] = []

    def __enter__(self) -> "TakingTurns":
        plan = self._plan
        self._workers = [
            build_worker(plan.training, plan.network, number, plan.random_state(number))
            for number in range(plan.training.num_workers)
        ]
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def wait(self, seconds: float) -> bool:
        for worker in self._workers:
            if self._plan.is_over(self.counts.agent_steps):
                return False
            self._reports.append(self._learner.take(worker.learn(self._learner.snapshot())))
        return True

    def drain(self) -> list[Report]:
        reports, self._reports = self._reports, []
        return reports

    @property
    def counts(self) -> Counts:
        return self._learner.counts

    def state(self) -> LearnerState:
        return self._learner.state()

    def close(self) -> None:
        for worker in self._workers:
            worker.close()


class Losing(TakingTurns):
    """Loses its learner in the middle of the run, once; or whenever it begins."""

    times_left = 1

    def wait(self, seconds: float) -> bool:
        if self.counts.agent_steps >= 30 and type(self).times_left > 0:
            type(self).times_left -= 1
            raise LearnerLostError("the learner is gone")
        return super().wait(seconds)


class Resting(TakingTurns):
    """Learns for eleven seconds, then has nothing to say for a second, and again."""

    now, is_rested = 0.0, True

    def wait(self, seconds: float) -> bool:
        Resting.is_rested = not self.is_rested
        Resting.now += 1.0 if self.is_rested else 11.0
        return self.is_rested or super().wait(seconds)


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assembly, "DECORRELATION_STEPS", 5)
    monkeypatch.setattr(training, "ROW_SECONDS", 0.0)


@pytest.fixture
def make_run(tmp_path: Path, a3c_config: NetworkConfig) -> Callable[..., Run]:
    """Makes a run of two workers and 60 agent steps, 10 a lesson."""

    def make(name: str, **settings: float) -> Run:
        (tmp_path / name).mkdir()
        sizes = {"num_workers": 2, "envs_per_worker": 2, "rollout_length": 5, "agent_steps": 60}
        return Run(tmp_path / name, TrainingConfig("Pong", network="a3c", **sizes | settings), a3c_config)

    return make


def test_an_engine_of_ones_own_trains_a_run(make_run: Callable[..., Run]):
    run = make_run("run")
    rows = list(train(run, threading.Event(), None, TakingTurns))
    assert (rows[-1].agent_steps, rows[0].note) == (60, "they take turns")
    checkpoint, notice = load_checkpoint(run.run_dir)
    assert checkpoint is not None and notice == ""
    assert (checkpoint.state.agent_steps, checkpoint.state.updates) == (60, 6)
    assert len(checkpoint.state.random_states) == 2


def test_between_two_rows_the_figures_of_the_first_are_shown(
    make_run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(training, "ROW_SECONDS", 10.0)
    monkeypatch.setattr(training, "time", SimpleNamespace(monotonic=lambda: Resting.now))
    rows = list(train(make_run("run"), threading.Event(), None, Resting))
    assert [row.agent_steps for row in rows] == [20, 20, 40, 40, 60, 60, 60]
    assert all(row.steps_per_second > 0 and math.isfinite(row.entropy) for row in rows)


@pytest.mark.slow
def test_a_run_whose_learner_is_lost_goes_on_from_its_checkpoint_and_counts_no_step_twice(
    make_run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(Losing, "times_left", 1)
    run = make_run("run", checkpoint_seconds=1e-9)
    steps = [row.agent_steps for row in train(run, threading.Event(), None, Losing)]
    assert steps[-1] == 60 and Losing.times_left == 0
    found, _ = load_checkpoint(run.run_dir)
    assert found is not None and found.state.updates == found.optimizer["optimizer"]["adam/iteration"] == 6
    rows = [row.agent_steps for row in read_progress(run.run_dir / "progress.csv")]
    assert rows == sorted(set(rows)) and rows[-1] == 60


@pytest.mark.slow
def test_a_learner_that_is_lost_whenever_it_begins_ends_the_run(
    make_run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(Losing, "times_left", 10)
    with pytest.raises(LearnerLostError):
        list(train(make_run("run", checkpoint_seconds=1e-9), threading.Event(), None, Losing))
    assert Losing.times_left == 8
