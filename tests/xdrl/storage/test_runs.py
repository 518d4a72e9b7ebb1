import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from xdrl.config import NetworkConfig, TrainingConfig, save_run_config
from xdrl.errors import UserError
from xdrl.games import Game, find_game
from xdrl.storage.checkpoints import Checkpoint, RunState, save_checkpoint
from xdrl.storage.runs import is_run, load_evaluations, locked, open_run, put_aside, save_evaluation

HOLD_LOCK = """
import sys
from pathlib import Path
from xdrl.storage.runs import locked
with locked(Path(sys.argv[1])):
    print("locked", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def run_dir(tmp_path: Path, a3c_config: NetworkConfig) -> Path:
    """A run of Pong that has saved a checkpoint."""
    folder = tmp_path / "Pong"
    folder.mkdir()
    save_run_config(folder / "config.json", TrainingConfig("Pong", network="a3c", seed=3, num_workers=1), a3c_config)
    save_checkpoint(folder, Checkpoint({"a": np.ones(2)}, {}, RunState(agent_steps=40)))
    return folder


def test_a_folder_that_is_missing_or_empty_holds_no_run(tmp_path: Path, pong: Game):
    assert open_run(tmp_path / "none", pong, {}) is None
    assert open_run(tmp_path, pong, {}) is None
    assert not is_run(tmp_path)


def test_a_folder_with_other_files_is_refused(tmp_path: Path, pong: Game):
    (tmp_path / "thesis.doc").touch()
    with pytest.raises(UserError, match="expected an empty folder or a run"):
        open_run(tmp_path, pong, {})


def test_a_run_is_opened_where_it_stopped(run_dir: Path, pong: Game, a3c_config: NetworkConfig):
    run = open_run(run_dir, pong, {})
    assert run is not None
    assert run.checkpoint is not None
    assert (run.checkpoint.state.agent_steps, run.notice) == (40, "")
    assert (run.training.seed, run.training.num_workers, run.network) == (3, 1, a3c_config)


def test_settings_that_may_change_are_changed(run_dir: Path, pong: Game):
    run = open_run(run_dir, pong, {"num_workers": 4, "seed": 3})
    assert run is not None
    assert (run.training.num_workers, run.training.envs_per_worker) == (4, 12)


@pytest.mark.parametrize(
    "settings", [{"network": "e-a3c"}, {"seed": 4}, {"sticky_probability": 0.25}], ids=lambda settings: str(settings)
)
def test_a_run_of_another_kind_is_refused_with_the_way_out(run_dir: Path, pong: Game, settings: dict):
    (name, value), *_ = settings.items()
    with pytest.raises(
        UserError, match=f"holds a run of {name} .*, and {value} was asked for; .*--run-dir, or --fresh"
    ):
        open_run(run_dir, pong, settings)


def test_a_run_of_another_game_is_refused(run_dir: Path):
    with pytest.raises(UserError, match="holds a run of game Pong, and Qbert was asked for"):
        open_run(run_dir, find_game("Qbert"), {})


def test_a_damaged_checkpoint_is_told_of(run_dir: Path, pong: Game):
    save_checkpoint(run_dir, Checkpoint({"a": np.ones(2)}, {}, RunState(agent_steps=80)))
    (run_dir / "checkpoint" / "weights.npz").write_bytes(b"PK")
    run = open_run(run_dir, pong, {})
    assert run is not None
    assert run.checkpoint is not None
    assert run.checkpoint.state.agent_steps == 40
    assert "damaged" in run.notice


def test_a_second_process_is_kept_out_until_the_first_has_ended(tmp_path: Path):
    folder = tmp_path / "Pong"
    process = hold_lock(folder)
    try:
        with pytest.raises(UserError, match="another process is training"), locked(folder):
            pass
    finally:
        process.communicate()
    with locked(folder):
        assert hold_lock(folder, expected=b"").wait() != 0


def test_a_killed_process_leaves_no_lock(tmp_path: Path):
    process = hold_lock(tmp_path)
    process.kill()
    process.communicate()
    with locked(tmp_path):
        pass


def test_a_locked_folder_is_still_an_empty_one(tmp_path: Path, pong: Game):
    with locked(tmp_path):
        assert open_run(tmp_path, pong, {}) is None


def hold_lock(folder: Path, expected: bytes = b"locked\n") -> "subprocess.Popen[bytes]":
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD_LOCK, str(folder)],
        cwd=Path(__file__).parents[3],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == expected
    if not expected:
        process.communicate()
    return process


def snapshot(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_run_put_aside_keeps_everything_and_makes_room(run_dir: Path, pong: Game):
    before = snapshot(run_dir)
    aside = put_aside(run_dir)
    assert aside is not None
    assert aside.parent == run_dir.parent
    assert before.items() <= snapshot(aside).items()
    assert open_run(run_dir, pong, {}) is None
    assert open_run(aside, pong, {}) is not None


def test_two_runs_put_aside_within_a_second_both_stay(run_dir: Path):
    first = put_aside(run_dir)
    run_dir.mkdir()
    (run_dir / "second").touch()
    second = put_aside(run_dir)
    assert first is not None
    assert second is not None
    assert (first / "config.json").exists()
    assert (second / "second").exists()


def test_nothing_is_put_aside_where_nothing_is(tmp_path: Path):
    assert put_aside(tmp_path / "none") is None


def test_a_run_that_another_process_trains_is_not_put_aside(run_dir: Path):
    process = hold_lock(run_dir)
    try:
        with pytest.raises(UserError, match="another process is training"):
            put_aside(run_dir)
        assert is_run(run_dir)
    finally:
        process.communicate()


def test_evaluations_are_kept_by_protocol_and_count_for_the_weights_they_were_made_with(tmp_path: Path):
    assert load_evaluations(tmp_path, 40) == {}
    standard, sticky = ({"agent_steps": 40, "mean": 1.5, "protocol": name} for name in ("standard", "sticky"))
    for record in (standard, sticky):
        assert save_evaluation(tmp_path, record) == tmp_path / "evaluations.json"
    assert load_evaluations(tmp_path, 40) == load_evaluations(tmp_path) == {"standard": standard, "sticky": sticky}
    assert load_evaluations(tmp_path, 80) == {}
    save_evaluation(tmp_path, sticky | {"agent_steps": 80})
    assert load_evaluations(tmp_path) == {"sticky": sticky | {"agent_steps": 80}}


@pytest.mark.parametrize("text", ["{", "[]", '{"standard": {}}'])
def test_evaluations_that_cannot_be_read_are_none(tmp_path: Path, text: str):
    (tmp_path / "evaluations.json").write_text(text)
    assert load_evaluations(tmp_path, 40) == {}


def test_a_folder_that_cannot_be_written_is_one_clear_error(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(UserError, match=r"expected a folder to train in, but .* cannot be written"),
        locked(tmp_path / "file"),
    ):
        pass
    with pytest.raises(UserError, match="cannot be written"), locked(tmp_path / "file" / "Pong"):
        pass
