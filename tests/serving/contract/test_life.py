"""What both servers serve as their models come, change and go: by a config file that is polled, and by a reload."""

import os
import runpy
import shlex
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import grpc
import pytest
from google.protobuf import text_format
from tensorflow_serving.apis import get_model_status_pb2, model_management_pb2, model_service_pb2_grpc

TOYS = Path(__file__).parents[1] / "server"
COMMAND = "XDRL_TENSORFLOW_MODEL_SERVER_COMMAND"
SECONDS = 60
ONE, TWO, BOTH = (
    f"specific {{ {versions} }}" for versions in ("versions: 1", "versions: 2", "versions: 1 versions: 2")
)
PAGE = {"Origin": "https://page.example"}


@pytest.fixture(scope="module", params=["embedded", *(["real"] if COMMAND in os.environ else [])])
def life(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A server that begins without any model: its `file`, the `models`, `ask` over REST, and `grpc` for reloads."""
    folder = tmp_path_factory.mktemp("life")
    runpy.run_path(str(TOYS / "toy_models.py"))["write_toy_models"](folder / "models")
    file = folder / "models.config"
    file.write_text("model_config_list {}", encoding="utf-8")
    helpers = SimpleNamespace(**runpy.run_path(str(TOYS / "conftest.py")))
    options = {"model_config_file_poll_wait_seconds": 1, "rest_api_enable_cors_support": True}
    rest_port, grpc_port = free_port(), free_port()
    if request.param == "embedded":
        settings = {"models": None, "model_config_file": file, "port": rest_port, "grpc_port": grpc_port}
        process = helpers.begin_server(folder / "log.txt", settings | options)
    else:
        options |= {"model_config_file": file, "rest_api_port": rest_port, "port": grpc_port}
        flags = [f"--{name}={str(value).lower() if value is True else value}" for name, value in options.items()]
        process = subprocess.Popen([*shlex.split(os.environ[COMMAND]), *flags], stdout=subprocess.PIPE, text=True)
    ask = helpers.Server(process, {"port": rest_port}).ask
    wait_for(lambda: is_there(ask))
    yield SimpleNamespace(file=file, models=folder / "models", ask=ask, grpc=f"127.0.0.1:{grpc_port}")
    process.terminate()
    process.communicate(timeout=SECONDS)


def free_port() -> int:
    """Returns a port that nobody has."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def is_there(ask: Any) -> bool:
    """Tells whether a server answers and knows that it has no model."""
    try:
        return ask("GET", "/v1/models/nobody").status == 404
    except OSError:
        return False


def wait_for(condition: Any) -> None:
    """Waits until a condition holds."""
    end = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.1)


def entry(life: Any, name: str, policy: str, more: str = 'model_platform: "tensorflow"') -> str:
    """Returns an entry that serves a version of `scaler` (1 doubles, 2 triples) under a name."""
    where = life.models / "scaler"
    return f'config {{ name: "{name}" base_path: "{where}" model_version_policy {{ {policy} }} {more} }}'


def put(life: Any, *entries: str) -> None:
    """Puts a list of models into the config file."""
    aside = life.file.with_name("aside")
    aside.write_text("model_config_list {" + "".join(entries) + "}", encoding="utf-8")
    aside.rename(life.file)


def scaled(life: Any, path: str) -> Any:
    """Returns what a model makes of 1, or the status of its refusal."""
    answer = life.ask("POST", f"/v1/models/{path}:predict", {"instances": [[1.0, 1.0]]})
    return answer.json["predictions"][0][0] if answer.status == 200 else answer.status


def reload(life: Any, *entries: str) -> Any:
    """Sends another list of models, and returns the answer."""
    message = model_management_pb2.ReloadConfigRequest()
    text_format.Parse("model_config_list {" + "".join(entries) + "}", message.config)
    with grpc.insecure_channel(life.grpc) as channel:
        return model_service_pb2_grpc.ModelServiceStub(channel).HandleReloadConfigRequest(message, timeout=SECONDS)


def test_models_labels_and_versions_follow_the_file(life):
    assert scaled(life, "first") == 404
    put(life, entry(life, "first", ONE))
    wait_for(lambda: scaled(life, "first") == 2.0)
    put(life, entry(life, "first", BOTH))
    wait_for(lambda: scaled(life, "first/versions/2") == 3.0)
    label = 'model_platform: "tensorflow" version_labels { key: "stable" value: 1 }'
    put(life, entry(life, "first", BOTH, label))
    wait_for(lambda: scaled(life, "first/labels/stable") == 2.0)
    put(life, entry(life, "second", TWO))
    wait_for(lambda: (scaled(life, "first"), scaled(life, "second")) == (404, 3.0))
    answer = life.ask("GET", "/v1/models/second").json["model_version_status"]
    assert [(version["version"], version["state"]) for version in answer] == [("2", "AVAILABLE")]


def test_a_file_that_is_wrong_or_says_nothing_changes_nothing(life):
    put(life, entry(life, "kept", ONE))
    wait_for(lambda: scaled(life, "kept") == 2.0)
    for text in ("model_config_list { config {", "", "model_config_list { config { nonsense: 1 } }"):
        life.file.write_text(text, encoding="utf-8")
        time.sleep(2.5)
        assert scaled(life, "kept") == 2.0
    put(life)
    wait_for(lambda: scaled(life, "kept") == 404)


def test_a_reload_brings_models_and_the_file_has_the_last_word(life):
    life.file.write_text("", encoding="utf-8")
    assert reload(life, entry(life, "called", TWO)).status.error_code == 0
    assert scaled(life, "called") == 3.0
    with grpc.insecure_channel(life.grpc) as channel:
        status = get_model_status_pb2.GetModelStatusRequest()
        status.model_spec.name = "called"
        found = model_service_pb2_grpc.ModelServiceStub(channel).GetModelStatus(status, timeout=SECONDS)
    assert [version.version for version in found.model_version_status] == [2]
    put(life, entry(life, "filed", ONE))
    wait_for(lambda: (scaled(life, "called"), scaled(life, "filed")) == (404, 2.0))


def test_a_model_type_stands_for_its_platform(life):
    put(life, entry(life, "typed", TWO, "model_type: TENSORFLOW"))
    wait_for(lambda: scaled(life, "typed") == 3.0)


def test_every_answer_lets_a_page_of_another_origin_read_it(life):
    expected = {
        "access-control-allow-origin": "*",
        "access-control-allow-methods": "POST, GET",
        "access-control-allow-headers": "Content-Type",
    }
    for method, path in (
        ("OPTIONS", "/v1/models/x:predict"),
        ("GET", "/v1/models/x"),
        ("POST", "/v1/models/x:predict"),
    ):
        answer = life.ask(method, path, "{}" if method == "POST" else None, PAGE)
        assert {name: answer.headers.get(name) for name in expected} == expected, method


def test_a_model_without_a_platform_is_refused(life):
    # The last test of the file: the real server keeps such a list, and refuses every other one afterwards.
    with pytest.raises(grpc.RpcError) as error:
        reload(life, entry(life, "typed", ONE, ""))
    assert error.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    fields = "neither ModelServerConfig::model_type (deprecated) nor ModelServerConfig::model_platform"
    assert f"Illegal setting {fields}, model name is typed" in error.value.details()
