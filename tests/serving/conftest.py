"""A tiny agent, its export, and the embedded server over it."""

import json
import os
import runpy
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.warm import WarmPopen

ROOT = Path(__file__).parents[2]
STOP_SECONDS = 30


@pytest.fixture(scope="session")
def tiny() -> SimpleNamespace:
    """The helpers of `tests/tiny_agents.py`."""
    return SimpleNamespace(**runpy.run_path(str(ROOT / "tests" / "tiny_agents.py")))


@pytest.fixture(scope="session")
def agent(tiny: SimpleNamespace):
    """An a3c agent of Pong; tests leave its weights as they are."""
    return tiny.make_agent()


@pytest.fixture(scope="session")
def screens(tiny: SimpleNamespace, agent):
    """Three different screens of Pong."""
    return tiny.play_randomly(agent, 3)


@pytest.fixture(scope="session")
def exported(tiny: SimpleNamespace, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Version 1 of the export of `agent`; tests leave it as it is."""
    return tiny.export_once(tiny.find_common_folder(tmp_path_factory))


@pytest.fixture(scope="session")
def session(tiny: SimpleNamespace, exported: Path):
    """The export in TensorFlow's C++ session: its meta graph, and a function (signature, inputs) to outputs."""
    return tiny.load_in_session(exported)


@contextmanager
def serve_folder(models: Path, **limits: float) -> Iterator[str]:
    """Runs the embedded server over a folder of models, in a process of its own; gives its address."""
    settings = json.dumps({"models": str(models), "port": 0})
    process = WarmPopen(
        [sys.executable, str(ROOT / "tests/serving/server/run_server.py"), settings, json.dumps(limits)],
        env={**os.environ, "PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        yield json.loads(process.stdout.readline())["url"]
    finally:
        process.terminate()
        process.communicate(timeout=STOP_SECONDS)


@pytest.fixture(scope="session")
def agent_url(exported: Path) -> Iterator[str]:
    """The address of the embedded server over the export."""
    with serve_folder(exported.parents[1]) as url:
        yield url


@pytest.fixture(scope="session")
def shipped_url() -> Iterator[str]:
    """The address of the embedded server over the agents that are shipped."""
    with serve_folder(ROOT / "saved_models") as url:
        yield url


@pytest.fixture
def busy_url(exported: Path) -> Iterator[str]:
    """The address of an embedded server that has room for a single request."""
    with serve_folder(exported.parents[1], max_queued_requests=1) as url:
        yield url


@pytest.fixture
def scripted_server() -> Iterator[Any]:
    """A server that does as it is told: `script`, `requests` and `peers` of `scripted_server.py`."""
    with runpy.run_path(str(ROOT / "tests/serving/scripted_server.py"))["Scripted"]() as started:
        thread = threading.Thread(target=started.serve_forever, args=(0.01,))
        thread.start()
        yield started
        started.shutdown()
        thread.join()
