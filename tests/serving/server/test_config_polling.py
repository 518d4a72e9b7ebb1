"""A model config file that is read again: what it says is served, what is wrong with it changes nothing."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import pytest
from tensorflow_serving.apis import model_management_pb2, model_service_pb2_grpc

from serving.server import ServerError, Settings, serve

WAIT_SECONDS = 60
POLL_SECONDS = 0.1


class Config:
    """A config file, and the server that reads it."""

    def __init__(self, models: Path, tmp_path: Path) -> None:
        self.models, self.path = models, tmp_path / "models.config"
        self.server: Any = None

    def write(self, *entries: str) -> None:
        """Puts a list of models in place, as an editor does."""
        self.put("model_config_list {" + "".join(entries) + "}")

    def put(self, text: str) -> None:
        """Puts a text in place."""
        aside = self.path.with_name("aside")
        aside.write_text(text, encoding="utf-8")
        aside.rename(self.path)

    def entry(self, name: str, policy: str = "", more: str = "") -> str:
        """Returns an entry that serves `scaler` under a name."""
        policy = f"model_version_policy {{ {policy} }}" if policy else ""
        where = self.models / "scaler"
        return f'config {{ name: "{name}" base_path: "{where}" model_platform: "tensorflow" {policy} {more} }}'

    def scaled(self, path: str) -> Any:
        """Returns what a model makes of 1, or the status of its refusal."""
        answer = self.server.ask("POST", f"/v1/models/{path}:predict", {"instances": [[1.0, 1.0]]})
        return answer.json["predictions"][0][0] if answer.status == 200 else answer.status


@pytest.fixture
def config(models: Path, tmp_path: Path, start: Callable[..., Any]) -> Config:
    """One whose server serves version 1 as `first`."""
    made = Config(models, tmp_path)
    made.write(made.entry("first", ONE))
    settings = {"models": None, "model_config_file": made.path, "grpc_port": 0, "poll_seconds": 0}
    made.server = start(settings | {"model_config_file_poll_wait_seconds": POLL_SECONDS})
    return made


ONE, TWO = "specific { versions: 1 }", "specific { versions: 2 }"


def wait_for(condition: Callable[[], bool]) -> None:
    """Waits until a condition holds."""
    end = time.monotonic() + WAIT_SECONDS
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def label(name: str, number: int) -> str:
    """Returns a label of an entry."""
    return f'version_labels {{ key: "{name}" value: {number} }}'


def test_models_come_change_and_go_with_the_file(config: Config) -> None:
    assert config.scaled("first") == 2.0
    config.write(config.entry("first", ONE), config.entry("second", TWO, label("stable", 2)))
    wait_for(lambda: config.scaled("second") == 3.0)
    wait_for(lambda: config.scaled("second/labels/stable") == 3.0)
    config.write(config.entry("first", TWO))
    wait_for(lambda: config.scaled("first") == 3.0)
    wait_for(lambda: config.scaled("second") == 404)
    assert config.server.ask("GET", "/readyz").status == 200
    config.write()
    wait_for(lambda: config.scaled("first") == 404)
    assert config.server.ask("GET", "/readyz").status == 200


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("model_config_list { config {", "Expected a model_config_list as protobuf text"),
        (None, "cannot be read: No such file or directory"),
        ('model_config_list { config { name: "a" base_path: "/a" } }', "Illegal setting neither"),
        ("custom_model_config {}", "Expected a model_config_list in the configuration"),
    ],
)
def test_a_file_that_is_not_right_is_said_once_and_changes_nothing(
    config: Config, tmp_path: Path, text: str | None, said: str
) -> None:
    if text is None:
        config.path.unlink()
    else:
        config.put(text)

    def told() -> list[str]:
        return [line for line in (tmp_path / "log.txt").read_text().splitlines() if said in line]

    wait_for(lambda: bool(told()))
    time.sleep(5 * POLL_SECONDS)
    assert config.scaled("first") == 2.0 and len(told()) == 1
    assert told()[0].startswith("The model config file is not taken: ")
    config.write(config.entry("second", TWO))
    wait_for(lambda: config.scaled("second") == 3.0)


def test_an_empty_file_changes_nothing(config: Config) -> None:
    config.put("")
    time.sleep(5 * POLL_SECONDS)
    assert config.scaled("first") == 2.0


def test_the_file_has_the_last_word_after_a_reload(config: Config) -> None:
    reload = model_management_pb2.ReloadConfigRequest()
    entry = reload.config.model_config_list.config.add()
    entry.name, entry.base_path, entry.model_platform = "called", str(config.models / "scaler"), "tensorflow"
    entry.model_version_policy.specific.versions.append(2)
    with grpc.insecure_channel(f"127.0.0.1:{config.server.summary['grpc_port']}") as channel:
        service = model_service_pb2_grpc.ModelServiceStub(channel)
        answer = service.HandleReloadConfigRequest(reload, timeout=WAIT_SECONDS)
    assert answer.status.error_code == 0
    wait_for(lambda: config.scaled("first") == 2.0 and config.scaled("called") == 404)


def test_a_file_is_read_once_where_nobody_asks_for_more(models: Path, tmp_path: Path, start: Any) -> None:
    config = Config(models, tmp_path)
    config.write(config.entry("first", ONE))
    config.server = start({"models": None, "model_config_file": config.path, "poll_seconds": POLL_SECONDS})
    config.write(config.entry("second", TWO))
    time.sleep(10 * POLL_SECONDS)
    assert (config.scaled("first"), config.scaled("second")) == (2.0, 404)


def test_a_time_that_one_cannot_wait(tmp_path: Path) -> None:
    settings = Settings(port=0, model_config_file=tmp_path / "file", model_config_file_poll_wait_seconds=-1)
    with pytest.raises(ServerError, match=r"^Expected seconds between two readings of the file, or 0, got -1$"):
        serve(settings)
