"""What is asked for and not there is waited for: not ready, said once, and served as soon as it comes."""

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

WAIT_SECONDS = 60
POLL_SECONDS = 0.1


@pytest.fixture
def log(tmp_path: Path) -> Callable[[str], list[str]]:
    """Returns the lines of the server's log that hold a text."""

    def read(text: str) -> list[str]:
        return [line for line in (tmp_path / "log.txt").read_text(encoding="utf-8").splitlines() if text in line]

    return read


def write(tmp_path: Path, name: str, base_path: Path | str, more: str = "") -> Path:
    """Writes a config file of one model."""
    file = tmp_path / "models.config"
    entry = f'config {{ name: "{name}" base_path: "{base_path}" model_platform: "tensorflow" {more} }}'
    file.write_text(f"model_config_list {{ {entry} }}", encoding="utf-8")
    return file


def wait_for(condition: Callable[[], bool]) -> None:
    """Waits until a condition holds."""
    end = time.monotonic() + WAIT_SECONDS
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def is_ready(server: Any) -> bool:
    """Tells whether a readiness probe would be content."""
    return bool(server.ask("GET", "/readyz").status == 200)


PINNED = "model_version_policy { specific { versions: 5 } }"


@pytest.mark.parametrize(
    ("base_path", "policy", "reason"),
    [
        ("EMPTY", "", "holds no version, which is a folder named by a number with a saved_model.pb in it"),
        ("UNNUMBERED", "", "holds no version, which is a folder named by a number with a saved_model.pb in it"),
        ("MODEL", PINNED, "does not hold version 5, only 1, 2"),
        ("MODEL", "model_version_policy { specific {} }", "its specific version policy names no version"),
        ("/nowhere/at/all", "", "/nowhere/at/all is not there"),
        ("s3://bucket/model", "", "s3://bucket/model is not on this machine: models are loaded from its own folders"),
    ],
)
def test_a_configured_model_without_a_version_is_named_and_said_once(
    models: Path, tmp_path: Path, start: Callable[..., Any], log: Any, base_path: str, policy: str, reason: str
) -> None:
    for name in ("EMPTY", "UNNUMBERED/latest", "MODEL"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "UNNUMBERED" / "latest" / "saved_model.pb").touch()
    for number in (1, 2):
        (tmp_path / "MODEL" / str(number)).symlink_to(models / "scaler" / str(number))
    file = write(tmp_path, "awaited", base_path, policy)
    server = start({"models": None, "model_config_file": file, "poll_seconds": POLL_SECONDS})
    assert [(model["name"], model["versions"]) for model in server.summary["models"]] == [("awaited", [])]
    answer = server.ask("GET", "/readyz")
    (missing,) = answer.json["missing"]
    assert (answer.status, answer.json["ready"], missing["model"]) == (503, False, "awaited")
    assert missing["reason"].endswith(reason)
    assert server.ask("GET", "/healthz").status == 200
    assert server.ask("GET", "/v1/models/awaited").error == "Could not find any versions of model awaited"
    assert server.predict("awaited", {"instances": [1]}).error == "Servable not found for request: Latest(awaited)"
    time.sleep(5 * POLL_SECONDS)
    (line,) = log("awaited")
    assert line.startswith("Model awaited is not served as it is asked to be: ") and line.endswith(reason)


def test_a_model_that_comes_is_served_and_what_changes_is_said_again(
    models: Path, tmp_path: Path, start: Callable[..., Any], log: Any
) -> None:
    folder = tmp_path / "awaited"
    server = start(
        {"models": None, "model_config_file": write(tmp_path, "awaited", folder), "poll_seconds": POLL_SECONDS}
    )
    folder.mkdir()
    wait_for(lambda: len(log("awaited")) == 2)
    assert log("awaited")[0].endswith("is not there") and "holds no version" in log("awaited")[1]
    (folder / "2").symlink_to(models / "scaler" / "2")
    wait_for(lambda: is_ready(server))
    assert server.predict("awaited", {"instances": [[1.0, 1.0]]}).json == {"predictions": [[3.0, 3.0]]}
    (folder / "2").unlink()
    wait_for(lambda: not is_ready(server))
    assert len(log("awaited")) == 3, "a model whose last version goes is missed again"


def test_a_pinned_version_that_is_missing_beside_others_is_said_and_keeps_nobody_from_them(
    models: Path, tmp_path: Path, start: Callable[..., Any], log: Any
) -> None:
    policy = "model_version_policy { specific { versions: 2 versions: 5 } }"
    server = start({"models": None, "model_config_file": write(tmp_path, "both", models / "scaler", policy)})
    assert is_ready(server)
    (line,) = log("both")
    assert "does not hold version 5, only 1, 2, 3" in line


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "model_config_list {}"])
def test_a_start_without_any_model_is_ready_for_the_models_that_will_come(
    tmp_path: Path, start: Callable[..., Any], text: str
) -> None:
    file = tmp_path / "models.config"
    file.write_text(text, encoding="utf-8")
    server = start({"models": None, "model_config_file": file})
    assert server.summary["models"] == [] and is_ready(server)
    assert server.ask("GET", "/v1/models/Pong").status == 404
    assert server.ask("GET", "/openapi.json").json["info"]
    assert server.ask("GET", "/models.json").json == {"models": []}


def test_a_folder_without_models_waits_for_the_first_one(
    models: Path, tmp_path: Path, start: Callable[..., Any], log: Any
) -> None:
    folder = tmp_path / "models"
    (folder / "empty" / "1").mkdir(parents=True)
    (folder / "readme.txt").touch()
    server = start({"models": folder, "poll_seconds": POLL_SECONDS})
    (missing,) = server.ask("GET", "/readyz").json["missing"]
    assert missing["model"] == "" and missing["reason"].endswith("saved_model.pb, but found empty, readme.txt")
    time.sleep(5 * POLL_SECONDS)
    assert len(log(missing["reason"])) == 1
    shutil.copytree(models / "scaler" / "2", tmp_path / "aside")
    (folder / "scaler").mkdir()
    (tmp_path / "aside").rename(folder / "scaler" / "2")
    wait_for(lambda: is_ready(server))
    assert server.is_alive()
