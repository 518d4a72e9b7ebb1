"""Training on Ray, with its actors in real processes: it is what threads do, and what fails does not end it."""

import dataclasses
import importlib.util
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from xdrl import training
from xdrl.config import NetworkConfig, TrainingConfig
from xdrl.engines.choice import choose_engine
from xdrl.errors import UserError
from xdrl.games import Game
from xdrl.storage.checkpoints import Checkpoint, load_checkpoint
from xdrl.storage.progress import Progress, read_progress
from xdrl.storage.runs import Run, open_run

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1500),
    pytest.mark.filterwarnings("ignore"),  # Ray leaves files and processes open that end with this one
    pytest.mark.skipif(
        importlib.util.find_spec("ray") is None, reason="ray, of requirements-ray.txt, is not installed"
    ),
]
ROOT = Path(__file__).parents[3]
STEPS = 10
"""Agent steps of a lesson."""
PATIENCE = 900.0


def make_run(run_dir: Path, network: NetworkConfig, **settings: float) -> Run:
    run_dir.mkdir(parents=True, exist_ok=True)
    sizes = {"num_workers": 1, "envs_per_worker": 2, "rollout_length": 5, "agent_steps": 10**6}
    return Run(run_dir, TrainingConfig("Pong", network="a3c", **sizes | settings), network)


def load(run_dir: Path) -> Checkpoint:
    checkpoint, notice = load_checkpoint(run_dir)
    assert checkpoint is not None and notice == ""
    return checkpoint


class Training:
    """A run that is under way, which a test watches and disturbs."""

    def __init__(self, run: Run, address: str | None = None) -> None:
        self.run, self.stop, self.latest = run, threading.Event(), None
        self._progress = training.train(run, self.stop, None, choose_engine("ray", address))

    def until(self, holds: Callable[[Progress], bool]) -> Progress:
        """Goes on until something holds of the progress."""
        deadline = time.monotonic() + PATIENCE
        for progress in self._progress:
            self.latest = progress
            if holds(progress):
                return progress
            assert time.monotonic() < deadline, f"it did not come about: {progress}"
        raise AssertionError(f"training ended: {self.latest}")

    def learn(self, num_lessons: int) -> Progress:
        first = self.latest.agent_steps if self.latest else self.run.agent_steps
        return self.until(lambda progress: progress.agent_steps >= first + num_lessons * STEPS)

    def end(self) -> Checkpoint:
        """Ends it, and checks that every step was counted once: lessons, updates and optimizer agree."""
        self.stop.set()
        *_, self.latest = self._progress
        checkpoint = load(self.run.run_dir)
        state = checkpoint.state
        assert state.agent_steps == self.latest.agent_steps
        assert (state.updates + state.late_gradients) * STEPS == state.agent_steps
        assert checkpoint.optimizer["optimizer"]["adam/iteration"] == state.updates
        steps = [row.agent_steps for row in read_progress(self.run.run_dir / "progress.csv")]
        assert steps == sorted(set(steps))
        return checkpoint


def find_actors(name: str) -> list[int]:
    """The processes of an actor's class that belong to Ray on this machine."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = path.read_bytes()
        except OSError:
            continue
        if command.startswith(f"ray::{name}".encode()):
            found.append(int(path.parent.name))
    return found


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "ROW_SECONDS", 0.5)


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[object]:
    """A cluster of one node, to which a test adds others."""
    from ray.cluster_utils import Cluster

    monkeypatch.setenv("RAY_worker_niceness", "0")
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    yield cluster
    cluster.shutdown()


def test_one_worker_learns_the_same_as_in_a_thread_and_each_engine_goes_on_where_the_other_stopped(
    tmp_path: Path, a3c_config: NetworkConfig, pong: Game
):
    found = {}
    for first, second in (("threads", "ray"), ("ray", "threads")):
        run = make_run(tmp_path / first, a3c_config, agent_steps=50, seed=3)
        list(training.train(run, threading.Event(), None, choose_engine(first)))
        first_half = load(run.run_dir)
        again = open_run(run.run_dir, pong, {"agent_steps": 100})
        assert again is not None
        rows = list(training.train(again, threading.Event(), None, choose_engine(second)))
        assert rows[-1].agent_steps == 100
        found[first] = first_half, load(run.run_dir)
    for one, other in zip(*found.values(), strict=True):
        assert one.state.random_states == other.state.random_states
        assert one.state.updates == other.state.updates
        for path, array in one.weights.items():
            # Operations have one core in an actor, and may have more here: their sums differ in the last bits.
            np.testing.assert_allclose(array, other.weights[path], rtol=1e-3, atol=1e-6, err_msg=path)


def test_what_is_killed_or_hangs_is_started_again_and_no_step_is_counted_twice(
    tmp_path: Path, a3c_config: NetworkConfig
):
    settings = {"num_workers": 2, "worker_timeout_seconds": 60.0, "checkpoint_seconds": 2.0, "max_policy_lag": 1}
    run = Training(make_run(tmp_path / "run", a3c_config, **settings))
    run.until(lambda progress: progress.agent_steps >= 50 and not progress.note)
    killed, hung = find_actors("WorkerActor")

    os.kill(killed, signal.SIGKILL)
    run.until(lambda progress: "1 started again" in progress.note and "ended, or its machine did" in progress.note)
    run.learn(5)
    run.until(lambda progress: "wait" not in progress.note)

    os.kill(hung, signal.SIGSTOP)
    run.until(lambda progress: "2 started again" in progress.note and "was silent for 60 s" in progress.note)
    run.until(lambda progress: "wait" not in progress.note)
    run.learn(5)
    assert hung not in find_actors("WorkerActor")

    kept = load(run.run.run_dir).state.agent_steps
    (learner,) = find_actors("LearnerActor")
    lost_at = run.learn(1).agent_steps  # right before, since training goes on while this process looks for the learner
    os.kill(learner, signal.SIGKILL)
    again = run.until(lambda progress: progress.note != "" and "started" not in progress.note)
    assert kept <= again.agent_steps <= lost_at + 10 * STEPS
    run.learn(5)
    state = run.end().state
    assert state.agent_steps > kept
    wait_until(lambda: find_actors("WorkerActor") == find_actors("LearnerActor") == [])


def test_a_node_that_joins_gets_workers_and_one_that_leaves_takes_none_with_it(
    cluster, tmp_path: Path, a3c_config: NetworkConfig
):
    run = Training(make_run(tmp_path / "run", a3c_config, num_workers=2), cluster.address)
    run.until(lambda progress: progress.agent_steps >= 30)
    assert "1 of 2 workers wait for a place" in run.latest.note
    node = cluster.add_node(num_cpus=1)
    run.until(lambda progress: progress.note == "")
    run.learn(10)
    cluster.remove_node(node, allow_graceful=False)
    told = run.until(lambda progress: "1 of 2 workers wait" in progress.note and "1 started again" in progress.note)
    run.learn(5)
    assert told.agent_steps < run.latest.agent_steps
    cluster.add_node(num_cpus=1)
    run.until(lambda progress: "wait" not in progress.note)
    run.learn(5)
    run.end()


def test_other_versions_are_refused_in_words(
    cluster, tmp_path: Path, a3c_config: NetworkConfig, monkeypatch: pytest.MonkeyPatch
):
    from xdrl.engines import ray_crew

    versions = ray_crew.describe_versions() | {"keras": "2.0.0"}
    monkeypatch.setattr(ray_crew, "describe_versions", lambda: versions)
    with pytest.raises(UserError, match=r"^expected keras 2\.0\.0 on every machine, as here, got 3\.\S+ on \d"):
        Training(make_run(tmp_path / "run", a3c_config), cluster.address).learn(1)


def test_a_cluster_that_is_not_there_is_one_line(tmp_path: Path, a3c_config: NetworkConfig):
    with pytest.raises(UserError, match=r"^expected a Ray cluster at 127\.0\.0\.1:1, got [^\n]+$"):
        Training(make_run(tmp_path / "run", a3c_config), "127.0.0.1:1").learn(1)


def test_a_failure_of_a_worker_is_the_runs(tmp_path: Path, a3c_config: NetworkConfig):
    from xdrl.learner import NonFiniteGradientError
    from xdrl.networks import build_network, variables_to_arrays

    weights = variables_to_arrays(build_network(a3c_config).weights)
    weights["value/bias"] = np.full(1, np.nan, np.float32)
    run = make_run(tmp_path / "run", a3c_config, max_bad_gradients=2, wire_dtype="bfloat16")
    with pytest.raises(NonFiniteGradientError, match="2 gradients in a row"):
        Training(dataclasses.replace(run, first_weights=weights)).learn(100)
    checkpoint, notice = load_checkpoint(tmp_path / "run")
    assert checkpoint is not None and "training was going wrong" in notice
    assert (checkpoint.state.bad_gradients, checkpoint.state.updates) == (2, 0)


def start_command(run_dir: Path) -> "subprocess.Popen[str]":
    sizes = ("--workers", "1", "--envs-per-worker", "2", "--network", "a3c", "--episodes", "0")
    settings = ("--set", "rollout_length=5", "--set", "checkpoint_seconds=1")
    command = (sys.executable, "cli.py", "train", "Pong", "--engine", "ray", "--run-dir", str(run_dir))
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    return subprocess.Popen([*command, *sizes, *settings], cwd=ROOT, text=True, **pipes)


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def steps_saved(run_dir: Path) -> int:
    checkpoint, _ = load_checkpoint(run_dir)
    return checkpoint.state.agent_steps if checkpoint else 0


def test_a_command_that_is_killed_takes_its_actors_along_and_the_same_command_goes_on(tmp_path: Path):
    run_dir = tmp_path / "run"
    with start_command(run_dir) as process:
        wait_until(lambda: steps_saved(run_dir) >= 50)
        process.kill()
    wait_until(lambda: find_actors("WorkerActor") == find_actors("LearnerActor") == [])
    kept = steps_saved(run_dir)
    with start_command(run_dir) as process:
        wait_until(lambda: steps_saved(run_dir) >= kept + 50)
        process.terminate()  # which Ray would take for itself
        said, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, said
    expected = f"Saved in {run_dir}: {steps_saved(run_dir):,} agent steps"
    assert "".join(expected.split()) in "".join(said.split())  # a long path is broken into lines
    assert find_actors("WorkerActor") == find_actors("LearnerActor") == []
