"""Versions while the server runs: new ones are swapped in, broken ones leave the others, old ones go, labels lead."""

import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

WAIT_SECONDS = 60


@pytest.fixture
def folder(models: Path, tmp_path: Path) -> Path:
    """A folder that serves version 1 of `scaler`, which doubles."""
    shutil.copytree(models / "scaler" / "1", tmp_path / "models" / "scaler" / "1")
    return tmp_path / "models"


def add(models: Path, folder: Path, number: int, source: str = "2", name: str = "scaler") -> None:
    """Puts a version of the toy model in place as an export is: written aside, then renamed."""
    target = folder / name / str(number)
    aside = folder.parent / f"aside-{name}-{number}"
    shutil.copytree(models / "scaler" / source, aside)
    target.parent.mkdir(exist_ok=True)
    aside.rename(target)


def states(server: Any, name: str = "scaler") -> dict[str, str]:
    """Returns the state of every version of a model."""
    answer = server.ask("GET", f"/v1/models/{name}")
    return {entry["version"]: entry["state"] for entry in answer.json.get("model_version_status", [])}


def wait_for(condition: Callable[[], bool]) -> None:
    """Waits until a condition holds."""
    end = time.monotonic() + WAIT_SECONDS
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def scaled(server: Any, path: str = "") -> Any:
    """Returns what a version makes of 1, or its error."""
    answer = server.ask("POST", f"/v1/models/scaler{path}:predict", {"instances": [[1.0, 1.0]]})
    return answer.json["predictions"][0][0] if answer.status == 200 else answer.error


def test_versions_are_swapped_under_load_and_no_request_fails(
    models: Path, folder: Path, start: Callable[..., Any]
) -> None:
    server = start({"models": folder, "poll_seconds": 0.1})
    answers: list[tuple[float, Any]] = []
    is_done = threading.Event()

    def ask() -> None:
        while not is_done.is_set():
            began = time.monotonic()
            answers.append((began, scaled(server)))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    time.sleep(0.5)
    add(models, folder, 2)
    wait_for(lambda: states(server).get("2") == "AVAILABLE")
    swapped = time.monotonic()
    shutil.rmtree(folder / "scaler" / "1")
    wait_for(lambda: states(server)["1"] == "END")
    time.sleep(0.5)
    is_done.set()
    for thread in threads:
        thread.join()
    assert {value for _, value in answers} == {2.0, 3.0}
    assert {value for began, value in answers if began > swapped} == {3.0}
    assert scaled(server, "/versions/1") == "Servable not found for request: Specific(scaler, 1)"


def test_a_broken_new_version_leaves_the_old_one_and_is_tried_again_when_its_files_change(
    models: Path, folder: Path, start: Callable[..., Any]
) -> None:
    server = start({"models": folder, "poll_seconds": 0.1})
    add(models, folder, 2, source="3")
    wait_for(lambda: states(server).get("2") == "END")
    assert scaled(server) == 2.0
    answer = server.ask("GET", "/v1/models/scaler/versions/2").json["model_version_status"][0]
    assert answer["status"]["error_code"] == "NOT_FOUND"
    assert answer["status"]["error_message"]
    shutil.copytree(models / "scaler" / "2" / "variables", folder / "scaler" / "2" / "variables")
    wait_for(lambda: states(server)["2"] == "AVAILABLE")
    assert scaled(server) == 3.0


def test_a_new_model_is_found_and_one_that_is_deleted_goes(
    models: Path, folder: Path, start: Callable[..., Any]
) -> None:
    server = start({"models": folder, "poll_seconds": 0.1})
    add(models, folder, 5, name="newcomer")
    wait_for(lambda: states(server, "newcomer") == {"5": "AVAILABLE"})
    shutil.rmtree(folder / "scaler")
    wait_for(lambda: states(server) == {"1": "END"})
    assert scaled(server) == "Servable not found for request: Latest(scaler)"
    assert server.ask("GET", "/readyz").status == 200


def test_nothing_is_looked_for_where_polling_is_off(models: Path, folder: Path, start: Callable[..., Any]) -> None:
    server = start({"models": folder, "poll_seconds": 0})
    add(models, folder, 2)
    time.sleep(1.5)
    assert states(server) == {"1": "AVAILABLE"}


def test_models_stay_when_their_folder_is_gone(models: Path, folder: Path, start: Callable[..., Any]) -> None:
    server = start({"models": folder, "poll_seconds": 0.1})
    folder.rename(folder.with_name("elsewhere"))
    time.sleep(1)
    assert scaled(server) == 2.0


def test_a_request_under_way_is_answered_by_the_version_it_began_with(
    models: Path, folder: Path, start: Callable[..., Any]
) -> None:
    server = start({"models": folder, "poll_seconds": 0.1})
    answers: list[Any] = []

    def spin() -> None:
        answers.append(server.predict("scaler", {"signature_name": "spin", "instances": [8_000]}))

    asking = threading.Thread(target=spin)
    asking.start()
    time.sleep(0.2)
    add(models, folder, 2)
    wait_for(lambda: states(server).get("2") == "AVAILABLE")
    shutil.rmtree(folder / "scaler" / "1")
    wait_for(lambda: states(server)["1"] in ("UNLOADING", "END"))
    asking.join()
    assert answers[0].status == 200
    wait_for(lambda: states(server)["1"] == "END")
