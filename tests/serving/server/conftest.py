"""Toy models and running servers, each in a process of its own, for raw HTTP."""

import http.client
import json
import os
import runpy
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.warm import WarmPopen

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}
STOP_SECONDS = 30


@dataclass(frozen=True)
class Answer:
    """An HTTP answer."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def error(self) -> str:
        """The error's text, in one line."""
        assert list(self.json) == ["error"], self.body
        text = self.json["error"]
        assert text and "\n" not in text
        return str(text)


@dataclass(frozen=True)
class Server:
    """A server under test."""

    process: "subprocess.Popen[str]"
    summary: dict[str, Any]

    @property
    def port(self) -> int:
        """The port that was picked."""
        return int(self.summary["port"])

    def memory(self, field: str = "VmRSS") -> int:
        """Reads how many bytes of memory the process has (VmRSS), or has had at most (VmHWM)."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        return int(status.split(f"{field}:")[1].split()[0]) * 1024

    def processor_seconds(self) -> float:
        """Reads how long the process has computed so far, on all cores together; other processes do not count."""
        times = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return (int(times[11]) + int(times[12])) / os.sysconf("SC_CLK_TCK")

    def ask(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Answer:
        """Sends one request on a connection of its own; a body that is not text or bytes is sent as JSON."""
        if body is not None and not isinstance(body, bytes | str):
            body = json.dumps(body)
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, body.encode() if isinstance(body, str) else body, headers or {})
            response = connection.getresponse()
            return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
        finally:
            connection.close()

    def predict(self, model: str, body: Any, headers: dict[str, str] | None = None) -> Answer:
        """Sends a `:predict`."""
        return self.ask("POST", f"/v1/models/{model}:predict", body, headers)

    def is_alive(self) -> bool:
        """Tells whether the process runs and still answers a prediction rightly, once its queue has room."""
        deadline = time.monotonic() + STOP_SECONDS
        answer = self.predict("scaler", {"instances": [[1.0, 2.0]]})
        while answer.status == 503 and time.monotonic() < deadline:
            time.sleep(0.05)
            answer = self.predict("scaler", {"instances": [[1.0, 2.0]]})
        return self.process.poll() is None and answer.json == {"predictions": [[3.0, 6.0]]}


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of toy models."""
    folder = tmp_path_factory.mktemp("models")
    runpy.run_path(str(HERE / "toy_models.py"))["write_toy_models"](folder)
    return folder


def begin_server(log: Path, settings: dict[str, Any], **limits: float) -> "subprocess.Popen[str]":
    """Starts a server process, which writes one line when it is ready, and does not wait for it."""
    settings = {"port": 0} | settings
    with log.open("w", encoding="utf-8") as errors:
        return WarmPopen(
            [sys.executable, str(HERE / "run_server.py"), json.dumps(settings, default=str), json.dumps(limits)],
            env=ENVIRONMENT,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )


def start_server(log: Path, settings: dict[str, Any], **limits: float) -> Server:
    """Starts a server process and waits until it says that it is ready; raises with its log where it does not start."""
    process = begin_server(log, settings, **limits)
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        process.wait(STOP_SECONDS)
        process.stdout.close()
        raise AssertionError(log.read_text(encoding="utf-8"))
    return Server(process, json.loads(line))


def stop_server(server: Server) -> str:
    """Stops a server as a person would, and returns what it wrote to its end."""
    server.process.terminate()
    try:
        output, _ = server.process.communicate(timeout=STOP_SECONDS)
    except subprocess.TimeoutExpired:
        server.process.kill()
        server.process.communicate()
        raise
    return output


@pytest.fixture
def start(models: Path, tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Starts servers of a test's own, over the toy models unless told otherwise, and stops those still running."""
    yield from _start_many(models, tmp_path)


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Starts servers at ports of the test's choice, without waiting for them, and stops those still running."""
    begun: list[Server] = []

    def begin_one(settings: dict[str, Any]) -> Server:
        summary = {"port": settings["port"], "grpc_port": settings.get("grpc_port")}
        begun.append(Server(begin_server(tmp_path / "log.txt", settings), summary))
        return begun[-1]

    yield begin_one
    for server in begun:
        if server.process.poll() is None:
            stop_server(server)


@pytest.fixture(scope="module")
def start_module(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Server]]:
    """Does the same for all tests of a module."""
    yield from _start_many(models, tmp_path_factory.mktemp("servers"))


def _start_many(models: Path, logs: Path) -> Iterator[Callable[..., Server]]:
    started: list[Server] = []

    def start_one(settings: dict[str, Any] | None = None, **limits: float) -> Server:
        started.append(start_server(logs / "log.txt", {"models": models} | (settings or {}), **limits))
        return started[-1]

    yield start_one
    for server in started:
        if server.process.poll() is None:
            stop_server(server)


@pytest.fixture(scope="session")
def server(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with the default limits."""
    started = start_server(tmp_path_factory.mktemp("server") / "log.txt", {"models": models})
    yield started
    stop_server(started)


@pytest.fixture(scope="session")
def tight_server(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with limits that tests can reach quickly."""
    limits: dict[str, Any] = {
        "max_body_bytes": 100_000,
        "max_inflated_bytes": 200_000,
        "max_json_containers": 5_000,
        "max_queued_requests": 4,
        "deadline_seconds": 2.0,
        "request_threads": 2,
    }
    started = start_server(tmp_path_factory.mktemp("tight_server") / "log.txt", {"models": models}, **limits)
    yield started
    stop_server(started)
