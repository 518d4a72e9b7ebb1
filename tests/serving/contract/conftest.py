"""The servers that the contract is held against: the embedded one always, the real one where it is named.

`XDRL_TENSORFLOW_MODEL_SERVER` is the REST address of a `tensorflow_model_server` over `saved_models/`, such as
`http://127.0.0.1:8501` with `docker compose -f serving/tensorflow_serving/compose.yaml up`.
`XDRL_TENSORFLOW_MODEL_SERVER_UNUSUAL` are the REST address of one over what `unusual_models.py` writes, and its gRPC
address behind a comma, such as `http://127.0.0.1:8601,127.0.0.1:8600`.
"""

import base64
import http.client
import json
import os
import runpy
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest

from xdrl.storage.saved_models import highest_version

ROOT = Path(__file__).parents[3]
ADDRESS = "XDRL_TENSORFLOW_MODEL_SERVER"
UNUSUAL_ADDRESSES = "XDRL_TENSORFLOW_MODEL_SERVER_UNUSUAL"
TIMEOUT_SECONDS = 60


@dataclass(frozen=True)
class Answer:
    """An HTTP answer."""

    status: int
    content_type: str
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def error(self) -> str:
        """The error's text, which is all there is in the answer."""
        assert list(self.json) == ["error"], self.body
        return str(self.json["error"])


@dataclass(frozen=True)
class Api:
    """A server under test, by its address."""

    url: str

    def connect(self) -> http.client.HTTPConnection:
        """Opens a connection."""
        parts = urlsplit(self.url)
        return http.client.HTTPConnection(parts.hostname, parts.port, timeout=TIMEOUT_SECONDS)

    def ask(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Answer:
        """Sends one request on a connection of its own; a body that is not text or bytes is sent as JSON."""
        connection = self.connect()
        try:
            return self.ask_on(connection, method, path, body, headers)
        finally:
            connection.close()

    def ask_on(
        self, connection: Any, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> Answer:
        """Sends one request on a connection that stays open."""
        if body is not None and not isinstance(body, bytes | str):
            body = json.dumps(body)
        connection.request(method, path, body.encode() if isinstance(body, str) else body, headers or {})
        response = connection.getresponse()
        return Answer(response.status, response.getheader("Content-Type", ""), response.read())

    def predict(self, body: Any, headers: dict[str, str] | None = None, model: str = "Pong") -> Answer:
        """Sends a `:predict`."""
        return self.ask("POST", f"/v1/models/{model}:predict", body, headers)


@pytest.fixture(scope="session", params=["embedded", *(["real"] if ADDRESS in os.environ else [])])
def api(request: pytest.FixtureRequest) -> Api:
    """A server over the agents that are shipped: the embedded one, then the real one where it is named."""
    if request.param == "embedded":
        return Api(request.getfixturevalue("shipped_url"))
    return Api(os.environ[ADDRESS].rstrip("/"))


@pytest.fixture
def real_api() -> Api:
    """The real server; the test is skipped where none is named."""
    if ADDRESS not in os.environ:
        pytest.skip(f"{ADDRESS} names no tensorflow_model_server: the contract was tried on the embedded server alone")
    return Api(os.environ[ADDRESS].rstrip("/"))


@pytest.fixture(scope="session", params=["embedded", *(["real"] if UNUSUAL_ADDRESSES in os.environ else [])])
def unusual(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimpleNamespace]:
    """A server over unusual models, `rest` and the address of `grpc`: the embedded one, then the real one."""
    if request.param == "real":
        rest, address = os.environ[UNUSUAL_ADDRESSES].split(",")
        yield SimpleNamespace(rest=Api(rest.rstrip("/")), grpc=address)
        return
    folder = tmp_path_factory.mktemp("unusual")
    runpy.run_path(str(Path(__file__).parent / "unusual_models.py"))["write_unusual_models"](folder)
    helpers = SimpleNamespace(**runpy.run_path(str(Path(__file__).parents[1] / "server" / "conftest.py")))
    server = helpers.start_server(
        tmp_path_factory.mktemp("unusual_server") / "log.txt", {"models": folder, "grpc_port": 0}
    )
    yield SimpleNamespace(rest=Api(server.summary["url"]), grpc=f"127.0.0.1:{server.summary['grpc_port']}")
    helpers.stop_server(server)


@pytest.fixture(scope="session")
def version() -> str:
    """The version of Pong that is shipped."""
    found = highest_version(ROOT / "saved_models" / "Pong")
    assert found is not None
    return found.name


@pytest.fixture(scope="session")
def sample(version: str, tiny: SimpleNamespace) -> SimpleNamespace:
    """A screen of Pong: `png` as bytes, `b64` as a JSON value, `frame` as nested lists, `zero` as a state."""
    png = (ROOT / "saved_models" / "Pong" / version / "assets.extra" / "sample.png").read_bytes()
    frame = tiny.decode(png)
    size = json.loads((ROOT / "saved_models" / "Pong" / version / "assets.extra/agent.json").read_text())["core_size"]
    black = tiny.encode(np.zeros_like(frame))
    return SimpleNamespace(
        png=png,
        b64={"b64": base64.b64encode(png).decode()},
        black={"b64": base64.b64encode(black).decode()},
        frame=frame.tolist(),
        zero=[0.0] * size,
    )
