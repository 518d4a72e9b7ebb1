"""A first session with the command line, from training to a query: each command a process of its own."""

import os
import re
import runpy
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

import cli
from tests.warm import WarmPopen

ROOT = Path(__file__).parents[2]
SMALL = ("--workers", "1", "--envs-per-worker", "2", "--network", "a3c", "--episodes", "0")
ENVIRONMENT = {**os.environ, "COLUMNS": "200", "CUDA_VISIBLE_DEVICES": ""}
MAPS = ("--maps", "raw/maps.npz")
RUN = ("--agent", "runs/Pong")
"""The run that a person trained: the shipped agent plays better, and is taken unless another is named."""
TIMEOUT = 500


def start_command(folder: Path, *arguments: object) -> "subprocess.Popen[str]":
    """Starts a command in a folder."""
    command = [sys.executable, str(ROOT / "cli.py"), *map(str, arguments)]
    pipe = subprocess.PIPE
    return WarmPopen(command, cwd=folder, env=ENVIRONMENT, stdout=pipe, stderr=pipe, text=True)


def end_command(process: "subprocess.Popen[str]") -> "subprocess.CompletedProcess[str]":
    """Waits for a command's end; one that does not end is killed."""
    try:
        output, errors = process.communicate(timeout=TIMEOUT)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise
    return subprocess.CompletedProcess(process.args, process.returncode, output, errors)


def run_command(folder: Path, *arguments: object) -> "subprocess.CompletedProcess[str]":
    """Runs a command in a folder, to its end."""
    return end_command(start_command(folder, *arguments))


@pytest.fixture(scope="session")
def start() -> Callable[..., "subprocess.Popen[str]"]:
    """Starts a command: (folder, arguments)."""
    return start_command


@pytest.fixture(scope="session")
def end() -> Callable[["subprocess.Popen[str]"], "subprocess.CompletedProcess[str]"]:
    """Waits for a command that was started."""
    return end_command


@pytest.fixture(scope="session")
def run() -> Callable[..., "subprocess.CompletedProcess[str]"]:
    """Runs a command to its end: (folder, arguments)."""
    return run_command


@pytest.fixture(scope="session")
def tiny() -> SimpleNamespace:
    """The helpers of `tests/tiny_agents.py`."""
    return SimpleNamespace(**runpy.run_path(str(ROOT / "tests" / "tiny_agents.py")))


@pytest.fixture(scope="session")
def home(tmp_path_factory) -> Path:
    """A folder in which a person works."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="session")
def done(home) -> dict[str, subprocess.CompletedProcess]:
    """What each command said, in the order of a first session."""
    return {
        "train": run_command(home, "train", "Pong", "--agent-steps", 40, *SMALL),
        "resume": run_command(home, "train", "pong", "--agent-steps", 120, *SMALL),
        "evaluate": run_command(home, "evaluate", "Pong", "--episodes", 1, "--protocol", "sticky", "--seed", 3, *RUN),
        "explain": run_command(home, "explain", "--steps", 8, "--target", "contrast:right", *MAPS, *RUN),
        "export": run_command(home, "export", "Pong"),
        "games": run_command(home, "games"),
        "figures": run_command(home, "figures", "exported_models/Pong", "--steps", 8),
        "methods": run_command(home, "methods"),
    }


@pytest.fixture(scope="session")
def trusted(home: Path, done: dict) -> subprocess.CompletedProcess:
    """What `trust` said of the export, in which it keeps what it finds; only tests that are slow ask."""
    export = ("--agent", "exported_models/Pong/1", "--keep")
    return run_command(home, "trust", "Pong", "--episodes", 2, "--steps", 20, *export)


@pytest.fixture(scope="session")
def server(home: Path, done: dict) -> Iterator[str]:
    """The address of `serve` over what was exported; in the end it is stopped as a person would."""
    process = start_command(home, "serve", "--models", "exported_models", "--port", 0, "--grpc-port", 0, "--monitoring")
    line = process.stdout.readline()
    found = re.search(r"(http://127\.0\.0\.1:\d+)/v1/models/Pong:predict +versions 1", line)
    if not found:
        process.terminate()
        raise AssertionError(line + end_command(process).stderr)
    yield found[1]
    process.send_signal(signal.SIGINT)
    ended = end_command(process)
    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.fixture(scope="session")
def screenshot(tiny: SimpleNamespace, home: Path) -> Path:
    """A screen of Pong, as a PNG."""
    path = home / "docs" / "screenshot.png"
    path.parent.mkdir()
    path.write_bytes(tiny.encode(tiny.play_randomly(tiny.make_agent(), 1)[0]))
    return path


@pytest.fixture
def fails(home, monkeypatch, capsys):
    """Runs a command within this process, and returns the one line that it fails with."""
    monkeypatch.chdir(home)
    monkeypatch.setattr("xdrl.backends.tensorflow.use_threads", lambda count: None)  # TensorFlow has started already

    def fail(*arguments: object) -> str:
        monkeypatch.setattr(sys, "argv", ["cli.py", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        errors = capsys.readouterr().err
        assert ended.value.code == 1
        assert errors.startswith("error: ") and errors.count("\n") == 1 and errors.endswith("\n"), errors
        assert not re.match(r"error: \w+Error: ", errors), "an exception that no one expected"
        return errors

    return fail
