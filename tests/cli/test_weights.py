"""Weights as a file of their own, and the choice of what trains on them."""

import json
import re

import numpy as np
import pytest

SMALL = ("--workers", "1", "--envs-per-worker", "2", "--network", "a3c", "--episodes", "0")
BRIEF = ("--agent-steps", "1", "--minutes", "0.01")
"""Ends a training that should have been refused."""


@pytest.mark.slow
def test_weights_are_exported_read_and_trained_from(run, home, done, tmp_path):
    path = tmp_path / "pong.npz"
    for source in ("runs/Pong", "exported_models/Pong"):
        said = run(home, "export", "pong", "--run-dir", source, "--weights", path)
        assert (said.returncode, said.stderr) == (0, "")
        steps = int(re.search(r"pong\.npz, ([\d,]+) agent steps trained", said.stdout)[1].replace(",", ""))
        arrays = dict(np.load(path))
        assert json.loads(str(arrays.pop("agent")))["agent_steps"] == steps >= 120
        with np.load(home / "runs/Pong/checkpoint/weights.npz") as weights:
            assert arrays.keys() == set(weights)
    said = run(home, "evaluate", "--agent", path, "--episodes", 1, "--output", tmp_path / "pong.json")
    assert (said.returncode, said.stderr) == (0, "")
    assert json.loads((tmp_path / "pong.json").read_text())["game"] == "Pong"
    said = run(tmp_path, "train", "Pong", "--from", path, "--set", "emulator_threads=2", "--agent-steps", 300, *SMALL)
    assert (said.returncode, said.stderr) == (0, "")
    assert json.loads((tmp_path / "runs/Pong/config.json").read_text())["training"]["emulator_threads"] == 2


def test_a_file_of_another_kind_is_refused(fails, done, tmp_path):
    (tmp_path / "notes.txt").write_text("no weights")
    assert "expected a weights file" in fails("evaluate", "--agent", tmp_path / "notes.txt")
    assert "expected a weights file" in fails(
        "train", "Pong", "--from", tmp_path / "notes.txt", "--run-dir", tmp_path / "new", *BRIEF
    )


def test_weights_of_another_game_are_refused(fails, done, tmp_path):
    line = fails("export", "Qbert", "--run-dir", "runs/Pong", "--weights", tmp_path / "qbert.npz")
    assert "expected an agent of Qbert in runs/Pong, got one of Pong" in line
    assert not list(tmp_path.iterdir())


def test_a_backend_that_cannot_train_is_refused(fails, done, monkeypatch):
    assert "expected a backend of tensorflow, jax, got 'torch'" in fails("train", "Pong", "--backend", "torch", *BRIEF)
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    assert "got 'torch'" in fails("train", "Pong", "--run-dir", "new", *BRIEF)
