"""JAX finds what TensorFlow finds, from the same weights and screens, and each goes on where the other stopped."""

import functools
import importlib.util
import json
import os
import runpy
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from xdrl import assembly
from xdrl.games import Game
from xdrl.networks import build_network, variables_to_arrays
from xdrl.storage.checkpoints import Arrays, load_checkpoint
from xdrl.storage.runs import open_run
from xdrl.training import train

ROOT = Path(__file__).parents[3]
LESSON = Path(__file__).with_name("lesson.py")
ON_JAX = {
    **os.environ,
    "KERAS_BACKEND": "jax",
    "JAX_PLATFORMS": "cpu",
    "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    "PYTHONPATH": str(ROOT),
}
LESSONS = {"a3c": ("a3c", 1e6), "a3c-clipped": ("a3c", 0.5), "e-a3c": ("e-a3c", 1e6)}
TRAIN = """
import sys
import cli
from xdrl import assembly, training
training.POLL_SECONDS, training.ROW_SECONDS, assembly.DECORRELATION_STEPS = 0.02, 0.1, 5
try:
    cli.main()
finally:
    assert "jax" in sys.modules
    assert "tensorflow" not in sys.modules
"""
SMALL = ("--network", "a3c", "--workers", "1", "--envs-per-worker", "2", "--set", "emulator_threads=2")

pytestmark = [
    pytest.mark.skipif(
        importlib.util.find_spec("jax") is None, reason="jax, of requirements-jax.txt, is not installed"
    ),
    pytest.mark.timeout(600),
]


class Jax:
    """Runs Python under JAX; what is compiled once is kept for the next process."""

    def __init__(self, cache: Path) -> None:
        self._environment = ON_JAX | {"JAX_COMPILATION_CACHE_DIR": str(cache)}

    def run(self, *arguments: object, **environment: str) -> None:
        command = [sys.executable, "-W", "error", *map(str, arguments)]
        environment = self._environment | environment
        ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
        assert ended.returncode == 0, ended.stderr

    def train(self, folder: Path, agent_steps: int, *arguments: object) -> None:
        options = ("--backend", "jax", "--run-dir", folder, "--agent-steps", agent_steps, *SMALL)
        self.run("-c", TRAIN, "train", "Pong", *options, *arguments, JAX_DISABLE_MOST_OPTIMIZATIONS="1")


@pytest.fixture(scope="module")
def jax(tmp_path_factory: pytest.TempPathFactory) -> Jax:
    return Jax(tmp_path_factory.mktemp("compiled"))


@pytest.fixture(scope="module")
def lesson() -> SimpleNamespace:
    return SimpleNamespace(**runpy.run_path(str(LESSON)))


@pytest.fixture(scope="module")
def give(played, lesson: SimpleNamespace) -> Callable[[str], Arrays]:
    """Returns a lesson, in which games end, are cut and begin, by its name."""

    def make(name: str) -> Arrays:
        kind, clip = LESSONS[name]
        network = build_network(lesson.describe(kind), seed=1)
        generator = np.random.default_rng(0)
        for head in (network.policy_head, network.value_head):  # fresh heads let almost nothing through
            head.kernel.assign(generator.normal(0, 0.3, head.kernel.shape).astype(np.float32))
        state_h, state_c = played.first_state(network.core_size)
        given = {"kind": np.array(kind), "clip": np.array(clip), "screens": played.screens}
        given |= {"state_h": state_h, "state_c": state_c}
        given |= {field: getattr(played.rollout, field) for field in lesson.ROLLOUT}
        weights = variables_to_arrays(network.weights)
        return given | {lesson.WEIGHT + path: array for path, array in weights.items()}

    return functools.cache(make)


@pytest.fixture(scope="module")
def find_on_jax(
    give: Callable[[str], Arrays], jax: Jax, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Arrays]:
    """Returns what a lesson's network finds under JAX; those of a network are taken in one process."""

    @functools.cache
    def find_all(kind: str) -> dict[str, Arrays]:
        folder = tmp_path_factory.mktemp("lessons")
        names = [name for name in LESSONS if LESSONS[name][0] == kind]
        for name in names:
            np.savez(folder / f"{name}.given.npz", **give(name))
        jax.run(LESSON, folder)
        return {name: dict(np.load(folder / f"{name}.found.npz")) for name in names}

    return lambda name: find_all(LESSONS[name][0])[name]


@pytest.mark.parametrize("name", ["a3c", "a3c-clipped", pytest.param("e-a3c", marks=pytest.mark.slow)])
def test_both_backends_find_the_same(name: str, give, find_on_jax, lesson: SimpleNamespace):
    expected = lesson.take(give(name))
    found = find_on_jax(name)
    assert found.keys() == expected.keys()
    for key, exact in expected.items():
        assert found[key].shape == exact.shape
        assert key.startswith("copy/") or np.abs(exact).max() > 0, key
        np.testing.assert_allclose(found[key], exact, rtol=0, atol=1e-4 * np.abs(exact).max(), err_msg=key)


def test_gradients_that_are_too_large_are_scaled_down_alike(find_on_jax):
    free, clipped = find_on_jax("a3c"), find_on_jax("a3c-clipped")
    paths = [key for key in free if key.startswith("gradient/")]
    assert free["norm"] == clipped["norm"] > 0.5
    assert np.sqrt(sum(np.sum(clipped[path] ** 2) for path in paths)) == pytest.approx(0.5, rel=1e-4)


def test_an_update_leaves_the_copy_alone(give, find_on_jax, lesson: SimpleNamespace):
    found = find_on_jax("a3c")
    for key, array in give("a3c").items():
        if key.startswith(lesson.WEIGHT):
            path = key.removeprefix(lesson.WEIGHT)
            np.testing.assert_array_equal(found[f"copy/{path}"], array)
            assert not np.array_equal(found[f"updated/{path}"], array)


@pytest.fixture(scope="module")
def begun_on_jax(jax: Jax, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "Pong"
    jax.train(folder, 80)
    return folder


@pytest.mark.slow
def test_training_on_jax_leaves_what_training_leaves(begun_on_jax: Path, a3c_config):
    checkpoint, notice = load_checkpoint(begun_on_jax)
    assert checkpoint is not None and notice == ""
    assert set(checkpoint.optimizer) == {"momentum", "velocity", "optimizer"}
    assert checkpoint.optimizer["optimizer"]["adam/iteration"] == checkpoint.state.updates == 2
    network = build_network(a3c_config)
    assert {path: array.shape for path, array in checkpoint.weights.items()} == {
        weight.path: tuple(weight.shape) for weight in network.weights
    }
    assert json.loads((begun_on_jax / "config.json").read_text())["training"]["emulator_threads"] == 2
    assert list(begun_on_jax.glob("events*")) and (begun_on_jax / "progress.csv").exists()


@pytest.mark.slow
def test_each_backend_goes_on_where_the_other_stopped(begun_on_jax: Path, jax: Jax, pong: Game, monkeypatch):
    monkeypatch.setattr(assembly, "DECORRELATION_STEPS", 5)
    run = open_run(begun_on_jax, pong, {"agent_steps": 160})
    assert run is not None and run.checkpoint is not None
    rows = list(train(run, threading.Event()))
    assert rows[-1].agent_steps == 160
    jax.train(begun_on_jax, 240)
    checkpoint, notice = load_checkpoint(begun_on_jax)
    assert checkpoint is not None and notice == ""
    assert checkpoint.state.agent_steps == 240
    assert checkpoint.optimizer["optimizer"]["adam/iteration"] == checkpoint.state.updates == 6
    for path, array in checkpoint.weights.items():
        moved = np.abs(array - run.checkpoint.weights[path]).max()
        assert 0 < moved < 4 * 2e-3, path  # four updates, none by much more than the learning rate


@pytest.mark.slow
def test_a_weights_file_starts_a_run_without_tensorflow(begun_on_jax: Path, jax: Jax, tmp_path: Path):
    path, folder = tmp_path / "pong.npz", tmp_path / "Pong"
    jax.run("cli.py", "export", "Pong", "--run-dir", begun_on_jax, "--weights", path)
    jax.train(folder, 280, "--from", path)
    (before, _), (after, _) = load_checkpoint(begun_on_jax), load_checkpoint(folder)
    assert before is not None and after is not None
    for name, array in after.weights.items():
        assert np.abs(array - before.weights[name]).max() < 2e-3, name
