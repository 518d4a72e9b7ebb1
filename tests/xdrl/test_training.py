import dataclasses
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from xdrl import assembly, training
from xdrl.config import NetworkConfig, TrainingConfig, load_run_config
from xdrl.games import Game
from xdrl.learner import NonFiniteGradientError
from xdrl.messages import Lesson, Snapshot
from xdrl.networks import Network, variables_to_arrays
from xdrl.schedules import constant, linear
from xdrl.storage.checkpoints import Checkpoint, RunState, load_checkpoint, load_weights
from xdrl.storage.progress import Progress, read_progress
from xdrl.storage.runs import Run, open_run
from xdrl.training import train
from xdrl.workers import Worker

ROOT = Path(__file__).parents[2]
HEADER = (
    "agent_steps,frames,seconds,steps_per_second,episodes,score_mean_100,score_best,entropy,"
    "policy_loss,value_loss,gradient_norm,policy_lag,learning_rate,entropy_cost"
)
TRAIN_AND_SAVE_OFTEN = """
import sys, threading
from pathlib import Path
from xdrl import assembly, training
from xdrl.games import find_game
from xdrl.preparation import prepare_run
from xdrl.storage.runs import locked
training.POLL_SECONDS, assembly.DECORRELATION_STEPS, training.ROW_SECONDS = 0.01, 5, 0.05
settings = {"network": "a3c", "num_workers": 1, "envs_per_worker": 2, "rollout_length": 5, "checkpoint_seconds": 0.01}
with locked(Path(sys.argv[1])):
    run = prepare_run(Path(sys.argv[1]), find_game("Pong"), settings, None)
    first = run.checkpoint.state.agent_steps if run.checkpoint else 0
    for progress in training.train(run, threading.Event()):
        if progress.agent_steps > first + 50:
            print(first, flush=True)
            first = 10**9
"""


class Call(NamedTuple):
    run_dir: Path
    yielded: list[Progress]
    checkpoint: Checkpoint


@pytest.fixture(scope="module", autouse=True)
def hurry() -> Iterator[None]:
    """Less waiting, and games that begin at once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "POLL_SECONDS", 0.02)
        patch.setattr(training, "ROW_SECONDS", 0.1)
        patch.setattr(assembly, "DECORRELATION_STEPS", 5)
        yield


def make_run(run_dir: Path, network: NetworkConfig, **settings: float) -> Run:
    run_dir.mkdir(parents=True, exist_ok=True)
    sizes = {"num_workers": 1, "envs_per_worker": 2, "rollout_length": 5}
    return Run(run_dir, TrainingConfig("Pong", network="a3c", **sizes | settings), network)


def load(run_dir: Path) -> Checkpoint:
    checkpoint, notice = load_checkpoint(run_dir)
    assert checkpoint is not None
    assert notice == ""
    return checkpoint


def call_train(run: Run, agent_steps: int, seconds: float | None = None) -> Call:
    run = dataclasses.replace(run, training=dataclasses.replace(run.training, agent_steps=agent_steps))
    yielded = list(train(run, threading.Event(), seconds))
    return Call(run.run_dir, yielded, load(run.run_dir))


@pytest.fixture(scope="module")
def first_call(tmp_path_factory: pytest.TempPathFactory, a3c_config: NetworkConfig) -> Call:
    """A run from nothing to 100 agent steps, with two workers."""
    return call_train(make_run(tmp_path_factory.mktemp("run") / "Pong", a3c_config, num_workers=2), 100)


@pytest.fixture(scope="module")
def second_call(first_call: Call, pong: Game) -> Call:
    """The same run, gone on to 200 agent steps after a kill that left a row behind."""
    with (first_call.run_dir / "progress.csv").open("a") as file:
        file.write("9999999,39999996,99.9,1,0,nan,nan,1,1,1,1,1\n")
    run = open_run(first_call.run_dir, pong, {})
    assert run is not None
    return call_train(run, 200)


def test_a_run_ends_at_its_steps_and_says_how_it_is_doing(first_call: Call):
    last = first_call.yielded[-1]
    assert 100 <= last.agent_steps <= 120  # each worker may finish the update it is at
    assert last.frames == 4 * last.agent_steps
    assert last.entropy == pytest.approx(np.log(6), abs=0.02)
    assert last.gradient_norm > 0
    assert [row.agent_steps for row in first_call.yielded] == sorted(row.agent_steps for row in first_call.yielded)


def test_a_run_writes_what_it_is(first_call: Call, a3c_config: NetworkConfig):
    config, network = load_run_config(first_call.run_dir / "config.json")
    assert (config.game, config.network, config.num_workers, network) == ("Pong", "a3c", 2, a3c_config)


def test_a_run_saves_its_weights_and_each_moment_in_a_file(first_call: Call, a3c: Network):
    checkpoint = first_call.checkpoint
    assert {path: array.shape for path, array in checkpoint.weights.items()} == {
        weight.path: tuple(weight.shape) for weight in a3c.weights
    }
    assert set(checkpoint.optimizer) == {"momentum", "velocity", "optimizer"}
    assert len(checkpoint.optimizer["momentum"]) == len(checkpoint.optimizer["velocity"]) == len(a3c.weights)
    assert all(array.any() for array in checkpoint.optimizer["velocity"].values())
    assert checkpoint.optimizer["optimizer"]["adam/iteration"] == checkpoint.state.updates
    assert checkpoint.state.updates * 10 == checkpoint.state.agent_steps == first_call.yielded[-1].agent_steps
    assert len(checkpoint.state.random_states) == 2


def test_the_log_has_the_contracts_columns(first_call: Call):
    assert (first_call.run_dir / "progress.csv").read_text().splitlines()[0] == HEADER


def test_tensorboard_reads_the_runs_events(first_call: Call):
    assert list(first_call.run_dir.glob("events*"))
    events = EventAccumulator(str(first_call.run_dir), size_guidance={"tensors": 0})
    events.Reload()
    assert "gradient_norm" in events.Tags()["tensors"]
    assert 100 <= events.Tensors("gradient_norm")[-1].step <= 220


def test_a_resumed_run_goes_on_with_its_counters(first_call: Call, second_call: Call):
    before, after = first_call.checkpoint.state, second_call.checkpoint.state
    assert second_call.yielded[0].agent_steps >= before.agent_steps
    assert 200 <= after.agent_steps <= 220
    assert after.updates * 10 == after.agent_steps
    assert after.seconds > before.seconds > 0
    assert second_call.checkpoint.optimizer["optimizer"]["adam/iteration"] == after.updates
    assert after.random_states[0] != before.random_states[0]


def test_the_learning_rate_follows_its_schedule_right_after_a_resume(second_call: Call, pong: Game, tmp_path: Path):
    shutil.copytree(second_call.run_dir, tmp_path / "run")
    steps = second_call.checkpoint.state.agent_steps
    settings = {"agent_steps": 2 * steps, "learning_rate": linear((0, 1e-3), (1, 0)), "entropy_cost": constant(0.02)}
    run = open_run(tmp_path / "run", pong, settings)
    assert run is not None
    assert (run.earlier_budget, run.notice) == (200, "")
    stop = threading.Event()
    stop_after_an_update = (stop.set() for _ in iter(int, 1))
    for progress in train(run, stop):
        if progress.agent_steps > steps:
            next(stop_after_an_update)
    found = load(tmp_path / "run")
    expected = 1e-3 * (1 - found.state.agent_steps / (2 * steps))
    assert found.optimizer["optimizer"]["adam/learning_rate"] == pytest.approx(expected, rel=1e-5)
    assert expected < 5e-4
    last = read_progress(tmp_path / "run" / "progress.csv")[-1]
    assert (last.learning_rate, last.entropy_cost) == pytest.approx((expected, 0.02), rel=1e-4)


def test_a_run_whose_budget_is_used_keeps_its_last_weights_as_its_best(first_call: Call, second_call: Call):
    weights, state = load_weights(second_call.run_dir)
    assert (second_call.run_dir / "best").is_dir() and state.agent_steps == second_call.checkpoint.state.agent_steps
    for path, array in second_call.checkpoint.weights.items():
        np.testing.assert_array_equal(weights[path], array)


def test_a_run_under_way_has_no_best(tmp_path: Path, a3c_config: NetworkConfig):
    call = call_train(make_run(tmp_path / "run", a3c_config), 10**6, seconds=0.2)
    assert call.checkpoint.state.agent_steps > 0 and not (call.run_dir / "best").exists()


def test_a_resumed_run_keeps_its_rows_and_drops_those_beyond_the_checkpoint(second_call: Call):
    rows = read_progress(second_call.run_dir / "progress.csv")
    steps = [row.agent_steps for row in rows]
    assert steps == sorted(steps)
    assert any(step <= 120 for step in steps)
    assert 200 <= steps[-1] <= 220


def test_a_run_that_has_reached_its_end_changes_nothing(second_call: Call, pong: Game):
    run = open_run(second_call.run_dir, pong, {})
    assert run is not None
    again = call_train(run, 200)
    assert again.checkpoint.state.agent_steps == second_call.checkpoint.state.agent_steps
    pairs = [(again.checkpoint.weights, second_call.checkpoint.weights)]
    pairs += [(again.checkpoint.optimizer[name], arrays) for name, arrays in second_call.checkpoint.optimizer.items()]
    for found, expected in pairs:
        assert found.keys() == expected.keys()
        for path, array in expected.items():
            np.testing.assert_array_equal(found[path], array)


def test_episodes_and_scores_go_on_after_a_resume(second_call: Call, pong: Game):
    run = open_run(second_call.run_dir, pong, {})
    assert run is not None
    assert run.checkpoint is not None
    known = dataclasses.replace(run.checkpoint.state, episodes=7, recent_scores=[-21.0, -19.0], score_best=-19.0)
    run = dataclasses.replace(run, checkpoint=dataclasses.replace(run.checkpoint, state=known))
    last = call_train(run, 200).yielded[-1]
    assert (last.episodes, last.score_mean_100, last.score_best) == (7, -20.0, -19.0)


def test_a_run_from_an_agent_goes_on_with_its_steps_time_and_curve(
    tmp_path: Path, first_call: Call, a3c_config: NetworkConfig
):
    first = first_call.checkpoint
    known = RunState(agent_steps=first.state.agent_steps, seconds=first.state.seconds)
    run = dataclasses.replace(
        make_run(tmp_path / "run", a3c_config),
        first_weights=first.weights,
        first_state=known,
        first_log=first_call.run_dir / "progress.csv",
    )
    earlier = [
        row for row in read_progress(first_call.run_dir / "progress.csv") if row.agent_steps <= known.agent_steps
    ]
    assert earlier
    call = call_train(run, known.agent_steps + 30)
    assert call.checkpoint.state.agent_steps == known.agent_steps + 30
    assert call.checkpoint.state.updates == 3
    assert call.checkpoint.state.seconds > known.seconds
    rows = read_progress(call.run_dir / "progress.csv")
    assert [row.seconds for row in rows[: len(earlier)]] == [row.seconds for row in earlier]
    assert rows[-1].agent_steps == known.agent_steps + 30


@pytest.mark.slow
def test_one_worker_is_repeatable_to_the_last_bit(tmp_path: Path, a3c_config: NetworkConfig):
    first, again, other = (
        call_train(make_run(tmp_path / name, a3c_config, seed=seed), 100).checkpoint
        for name, seed in (("first", 3), ("again", 3), ("other", 4))
    )
    assert again.state.random_states == first.state.random_states
    for found, expected in [
        (again.weights, first.weights),
        *((again.optimizer[n], a) for n, a in first.optimizer.items()),
    ]:
        for path, array in expected.items():
            np.testing.assert_array_equal(found[path], array, err_msg=path)
    assert not np.array_equal(other.weights["core/kernel"], first.weights["core/kernel"])


def test_stopping_ends_soon_and_saves(tmp_path: Path, a3c_config: NetworkConfig):
    stop, yielded = threading.Event(), []
    for progress in train(make_run(tmp_path / "run", a3c_config), stop):
        yielded.append(progress)
        if progress.agent_steps >= 20:
            stop.set()
    assert load(tmp_path / "run").state.agent_steps == yielded[-1].agent_steps >= 20


@pytest.mark.slow
def test_a_run_bounded_in_time_ends_in_time(tmp_path: Path, a3c_config: NetworkConfig):
    run = make_run(tmp_path / "run", a3c_config)
    started = time.monotonic()
    call = call_train(run, 10**9, seconds=1.0)
    assert 1.0 <= time.monotonic() - started < 30
    assert call.checkpoint.state.seconds >= 1.0


def test_a_failing_worker_is_the_runs_error_and_the_run_is_saved(
    tmp_path: Path, a3c_config: NetworkConfig, monkeypatch: pytest.MonkeyPatch
):
    learn, calls = Worker.learn, []

    def fail_at_the_fourth(worker: Worker, snapshot: Snapshot) -> Lesson:
        calls.append(worker)
        if len(calls) == 4:
            raise ZeroDivisionError("in a worker")
        return learn(worker, snapshot)

    monkeypatch.setattr(Worker, "learn", fail_at_the_fourth)
    with pytest.raises(ZeroDivisionError, match="in a worker"):
        call_train(make_run(tmp_path / "run", a3c_config), 10**9)
    assert load(tmp_path / "run").state.agent_steps == 30
    assert [thread for thread in threading.enumerate() if thread.name.startswith("worker-")] == []


def test_gradients_that_stay_not_finite_stop_the_run_and_leave_the_weights(
    tmp_path: Path, a3c_config: NetworkConfig, a3c: Network
):
    weights = variables_to_arrays(a3c.weights)
    weights["value/bias"] = np.full(1, np.nan, np.float32)
    run = dataclasses.replace(make_run(tmp_path / "run", a3c_config, max_bad_gradients=2), first_weights=weights)
    with pytest.raises(NonFiniteGradientError, match="2 gradients in a row"):
        call_train(run, 10**9)
    checkpoint, notice = load_checkpoint(tmp_path / "run")
    assert checkpoint is not None and "training was going wrong" in notice  # from its begin: there is no better one
    assert (checkpoint.state.bad_gradients, checkpoint.state.updates) == (2, 0)
    for path, array in weights.items():
        np.testing.assert_array_equal(checkpoint.weights[path], array)


@pytest.mark.slow
def test_a_run_that_diverges_goes_on_from_before_that(tmp_path: Path, a3c_config: NetworkConfig, pong: Game):
    first = call_train(make_run(tmp_path / "run", a3c_config), 40)
    settings = {"agent_steps": 10**9, "learning_rate": constant(1e30), "checkpoint_seconds": 0.01}
    run = open_run(tmp_path / "run", pong, settings)
    assert run is not None
    with pytest.raises(NonFiniteGradientError, match="goes on from its last healthy checkpoint"):
        list(train(run, threading.Event(), seconds=60.0))
    again = open_run(tmp_path / "run", pong, {"learning_rate": constant(1e-4)})
    assert again is not None and again.checkpoint is not None
    assert "training was going wrong" in again.notice and "going on from" in again.notice
    steps = again.checkpoint.state.agent_steps
    assert again.checkpoint.state.is_healthy and steps <= first.checkpoint.state.agent_steps + 40
    assert max(np.abs(array).max() for array in again.checkpoint.weights.values()) < 10
    assert call_train(again, steps + 40).checkpoint.state.is_healthy


def test_a_folder_that_is_deleted_under_a_run_is_written_anew(tmp_path: Path, a3c_config: NetworkConfig, pong: Game):
    run_dir, stop, is_deleted = tmp_path / "run", threading.Event(), False
    for progress in train(make_run(run_dir, a3c_config), stop):
        if progress.agent_steps >= 20 and not is_deleted:
            shutil.rmtree(run_dir)
            is_deleted = True
        if progress.agent_steps >= 60:
            stop.set()
    assert is_deleted
    again = open_run(run_dir, pong, {})
    assert again is not None and again.checkpoint is not None and again.checkpoint.state.agent_steps >= 60
    assert read_progress(run_dir / "progress.csv")[-1].agent_steps >= 60


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_killed_run_goes_on_from_a_checkpoint_that_is_whole(tmp_path: Path):
    generator, run_dir, steps = np.random.default_rng(1), tmp_path / "Pong", 0
    for _ in range(6):
        with subprocess.Popen(
            [sys.executable, "-c", TRAIN_AND_SAVE_OFTEN, str(run_dir)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        ) as process:
            assert process.stdout is not None
            said = process.stdout.readline()
            time.sleep(generator.uniform(0, 1))
            process.kill()
        assert said == f"{steps}\n"  # it went on from where the one before was killed
        checkpoint = load(run_dir)
        assert checkpoint.state.agent_steps > steps
        assert checkpoint.optimizer["optimizer"]["adam/iteration"] == checkpoint.state.updates
        steps = checkpoint.state.agent_steps
        load_run_config(run_dir / "config.json")
