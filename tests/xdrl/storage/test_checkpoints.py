import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from xdrl.errors import UserError
from xdrl.storage.checkpoints import Checkpoint, RunState, load_checkpoint, load_weights, save_best, save_checkpoint

ROOT = Path(__file__).parents[3]
SAVE_FOREVER = """
import sys
from pathlib import Path
import numpy as np
from xdrl.storage.checkpoints import Checkpoint, RunState, save_checkpoint
for number in range(1_000_000):
    arrays = {"core/kernel": np.full((300, 300), number, np.float32)}
    save_checkpoint(Path(sys.argv[1]), Checkpoint(arrays, {"momentum": arrays}, RunState(agent_steps=number)))
    if number == 2:
        print("saving", flush=True)
"""


def make_checkpoint(agent_steps: int, size: int = 4) -> Checkpoint:
    generator = np.random.default_rng(agent_steps)
    generator.normal(size=3)
    arrays = {path: generator.normal(size=(size, 3)).astype(np.float32) for path in ("core/kernel", "value/bias")}
    moments = {
        name: {f"adam/{path}_{name}": array + 1 for path, array in arrays.items()} for name in ("momentum", "velocity")
    }
    counters = {"adam/iteration": np.array(agent_steps, np.int64), "adam/learning_rate": np.array(0.1, np.float32)}
    state = RunState(
        agent_steps=agent_steps,
        updates=7,
        bad_gradients=1,
        seconds=12.5,
        episodes=3,
        recent_scores=[-21.0, 20.5],
        score_best=20.5,
        random_states=[dict(generator.bit_generator.state)],
    )
    return Checkpoint(arrays, {**moments, "optimizer": counters}, state)


def assert_equal(found: Checkpoint | None, expected: Checkpoint) -> None:
    assert found is not None
    assert found.state == expected.state
    assert found.optimizer.keys() == expected.optimizer.keys()
    pairs = [(found.weights, expected.weights)]
    pairs += [(found.optimizer[name], expected.optimizer[name]) for name in expected.optimizer]
    for arrays, exact in pairs:
        assert arrays.keys() == exact.keys()
        for path in exact:
            assert arrays[path].dtype == exact[path].dtype
            np.testing.assert_array_equal(arrays[path], exact[path])


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    """A run with two checkpoints, of 100 and 200 agent steps."""
    save_checkpoint(tmp_path, make_checkpoint(100))
    save_checkpoint(tmp_path, make_checkpoint(200))
    return tmp_path


def test_everything_comes_back(run_dir: Path):
    checkpoint, notice = load_checkpoint(run_dir)
    assert_equal(checkpoint, make_checkpoint(200))
    assert notice == ""


def test_a_random_state_goes_on_where_it_was(run_dir: Path):
    checkpoint, _ = load_checkpoint(run_dir)
    assert checkpoint is not None
    restored, expected = np.random.default_rng(0), np.random.default_rng(200)
    restored.bit_generator.state = checkpoint.state.random_states[0]
    expected.normal(size=3 + 2 * 12)  # what make_checkpoint had drawn
    assert restored.normal(size=5).tolist() == expected.normal(size=5).tolist()


def test_each_optimizer_moment_has_a_file_that_numpy_alone_reads(run_dir: Path):
    names = {path.name for path in (run_dir / "checkpoint").iterdir()}
    assert {"weights.npz", "momentum.npz", "velocity.npz", "optimizer.npz", "state.json"} <= names
    with np.load(run_dir / "checkpoint" / "momentum.npz", allow_pickle=False) as arrays:
        assert set(arrays) == {"adam/core/kernel_momentum", "adam/value/bias_momentum"}


def test_a_folder_without_checkpoints_has_none(tmp_path: Path):
    assert load_checkpoint(tmp_path) == (None, "")


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])


def flip(path: Path) -> None:
    """Flips a bit amid the numbers, which only a check sum can find."""
    content = bytearray(path.read_bytes())
    content[content.index(b"\x93NUMPY") + 130] ^= 1
    path.write_bytes(content)


DAMAGE: dict[str, Callable[[Path], object]] = {
    "weights cut": lambda folder: cut(folder / "weights.npz"),
    "weights empty": lambda folder: (folder / "weights.npz").write_bytes(b""),
    "weights missing": lambda folder: (folder / "weights.npz").unlink(),
    "weights flipped": lambda folder: flip(folder / "weights.npz"),
    "moment cut": lambda folder: cut(folder / "momentum.npz"),
    "moment missing": lambda folder: (folder / "momentum.npz").unlink(),
    "moment flipped": lambda folder: flip(folder / "velocity.npz"),
    "state cut": lambda folder: cut(folder / "state.json"),
    "state missing": lambda folder: (folder / "state.json").unlink(),
    "state is no object": lambda folder: (folder / "state.json").write_text("[1]"),
    "state of another kind": lambda folder: (folder / "state.json").write_text('{"agent": 1}'),
    "folder empty": lambda folder: [path.unlink() for path in folder.iterdir()],
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())
def test_a_damaged_newest_one_falls_back_to_the_one_before_and_says_so(run_dir: Path, damage):
    damage(run_dir / "checkpoint")
    checkpoint, notice = load_checkpoint(run_dir)
    assert_equal(checkpoint, make_checkpoint(100))
    assert f"{run_dir / 'checkpoint'} is damaged" in notice
    assert notice.endswith(f"going on from {run_dir / 'checkpoint.previous'}, 100 agent steps")


def test_any_damaged_byte_is_one_of_the_known_failures_or_harmless(run_dir: Path):
    path = run_dir / "checkpoint" / "weights.npz"
    whole = path.read_bytes()
    for position in range(0, len(whole)):
        path.write_bytes(whole[:position] + bytes([whole[position] ^ 0xFF]) + whole[position + 1 :])
        checkpoint, notice = load_checkpoint(run_dir)
        assert_equal(checkpoint, make_checkpoint(100 if notice else 200))


def test_a_missing_newest_one_falls_back_to_the_one_before(run_dir: Path):
    shutil.rmtree(run_dir / "checkpoint")  # what a kill between the two renames leaves
    assert_equal(load_checkpoint(run_dir)[0], make_checkpoint(100))


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())
def test_where_all_are_damaged_the_error_names_them_and_the_way_out(run_dir: Path, damage):
    damage(run_dir / "checkpoint")
    damage(run_dir / "checkpoint.previous")
    with pytest.raises(UserError, match=r"checkpoint is damaged .*checkpoint\.previous is damaged .*--fresh"):
        load_checkpoint(run_dir)


def test_saving_again_after_damage_makes_it_whole(run_dir: Path):
    cut(run_dir / "checkpoint" / "weights.npz")
    save_checkpoint(run_dir, make_checkpoint(300))
    assert_equal(load_checkpoint(run_dir)[0], make_checkpoint(300))


def test_a_write_that_fails_leaves_both_and_no_litter(run_dir: Path, file_size_limit):
    with file_size_limit(2_000), pytest.raises(UserError, match="cannot be written: File too large"):
        save_checkpoint(run_dir, make_checkpoint(300, size=1_000))
    assert sorted(path.name for path in run_dir.iterdir()) == ["checkpoint", "checkpoint.previous"]
    assert_equal(load_checkpoint(run_dir)[0], make_checkpoint(200))
    shutil.rmtree(run_dir / "checkpoint")
    assert_equal(load_checkpoint(run_dir)[0], make_checkpoint(100))


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 256 kB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(disk)]
    if os.geteuid() or not shutil.which("mount") or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("mounting a tiny disk takes a privilege that is not there")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_full_disk_leaves_the_checkpoint_that_was_there(tiny_disk: Path):
    save_checkpoint(tiny_disk, make_checkpoint(100))
    with pytest.raises(UserError, match="cannot be written: No space left"):
        save_checkpoint(tiny_disk, make_checkpoint(200, size=20_000))
    assert [path.name for path in tiny_disk.iterdir()] == ["checkpoint"]
    assert_equal(load_checkpoint(tiny_disk)[0], make_checkpoint(100))


@pytest.mark.timeout(120)
def test_a_process_killed_at_any_moment_leaves_a_checkpoint_that_is_whole(tmp_path: Path):
    generator, last = np.random.default_rng(0), -1
    for _ in range(6):
        command = [sys.executable, "-c", SAVE_FOREVER, str(tmp_path)]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            said = process.stdout.readline()
            time.sleep(generator.uniform(0, 0.05))
            process.kill()
        assert said == b"saving\n"
        checkpoint, notice = load_checkpoint(tmp_path)
        assert checkpoint is not None
        assert notice == ""
        last = checkpoint.state.agent_steps
        assert last >= 1
        for arrays in (checkpoint.weights, checkpoint.optimizer["momentum"]):
            assert (arrays["core/kernel"] == last).all()


def test_an_agent_is_judged_by_its_best_weights(run_dir: Path):
    arrays, state = load_weights(run_dir)
    assert state.agent_steps == 200
    best = make_checkpoint(150)
    save_best(run_dir, best.weights, best.state)
    arrays, state = load_weights(run_dir)
    assert state.agent_steps == 150
    np.testing.assert_array_equal(arrays["core/kernel"], best.weights["core/kernel"])


def test_damaged_best_weights_are_one_clear_error(run_dir: Path):
    best = make_checkpoint(150)
    save_best(run_dir, best.weights, best.state)
    cut(run_dir / "best" / "weights.npz")
    with pytest.raises(UserError, match=r"expected weights in .*best"):
        load_weights(run_dir)


def test_weights_of_a_run_without_checkpoint_are_one_clear_error(tmp_path: Path):
    with pytest.raises(UserError, match="has not saved one yet"):
        load_weights(tmp_path)


def test_the_state_is_plain_json(run_dir: Path):
    values = json.loads((run_dir / "checkpoint" / "state.json").read_text())
    assert values["recent_scores"] == [-21.0, 20.5]
    assert values["random_states"][0]["bit_generator"] == "PCG64"


def test_a_checkpoint_that_went_wrong_never_replaces_the_last_healthy_one(run_dir: Path):
    def save(agent_steps: int, is_healthy: bool) -> None:
        made = make_checkpoint(agent_steps)
        save_checkpoint(run_dir, replace(made, state=replace(made.state, is_healthy=is_healthy)))

    for agent_steps in (300, 400, 500):
        save(agent_steps, is_healthy=False)
        found, notice = load_checkpoint(run_dir)
        assert found is not None and found.state.agent_steps == 200  # the newest of the fixture's
        assert f"training was going wrong in {run_dir / 'checkpoint'}, {agent_steps} agent steps" in notice
    save(250, is_healthy=True)
    found, notice = load_checkpoint(run_dir)
    assert found is not None and (found.state.agent_steps, notice) == (250, "")


def test_where_all_went_wrong_the_newest_is_taken(tmp_path: Path):
    for agent_steps in (100, 200):
        made = make_checkpoint(agent_steps)
        save_checkpoint(tmp_path, replace(made, state=replace(made.state, is_healthy=False)))
    found, notice = load_checkpoint(tmp_path)
    assert found is not None and found.state.agent_steps == 200 and "going wrong" in notice


def test_the_state_of_an_older_run_is_read(run_dir: Path):
    path = run_dir / "checkpoint" / "state.json"
    values = json.loads(path.read_text())
    del values["is_healthy"]
    path.write_text(json.dumps(values | {"best_mean": 3.5}))
    found, notice = load_checkpoint(run_dir)
    assert found is not None and found.state.is_healthy and notice == ""
