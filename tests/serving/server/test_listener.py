"""The start and the end of a server: what it says when it cannot start, and a clean stop."""

import http.client
import shutil
import signal
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from serving.server import Limits, ServerError, Settings, serve


def test_ready_says_what_is_served_and_where(server: Any) -> None:
    port = server.port
    expected = [(name, [1], []) for name in ("echoes", "examples", "fixed")]
    expected += [("mixed", [7], []), ("modern", [1], []), ("scaler", [2, 1], [3])]
    assert [(m["name"], m["versions"], m["failed_versions"]) for m in server.summary["models"]] == expected
    assert server.summary["url"] == f"http://127.0.0.1:{port}"


def test_answers_on_a_kept_connection_are_not_held_back(server: Any) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    seconds = []
    try:
        for _ in range(20):
            start = time.monotonic()
            connection.request("GET", "/v1/models/scaler")
            assert connection.getresponse().read()
            seconds.append(time.monotonic() - start)
    finally:
        connection.close()
    assert sorted(seconds)[5] < 0.02  # what is held back takes twice as long, every time


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    missing = tmp_path / "nowhere"
    with pytest.raises(ServerError) as error:
        serve(Settings(missing, port=0))
    assert (
        str(error.value)
        == f"Expected SavedModels at {missing}/NAME/<integer>/saved_model.pb, but {missing} is not there"
    )


def test_a_folder_that_is_itself_a_model(models: Path) -> None:
    with pytest.raises(ServerError, match="is itself a model: give the folder above it"):
        serve(Settings(models / "scaler", port=0))


def test_a_folder_whose_only_version_is_broken(tmp_path: Path) -> None:
    version = tmp_path / "broken" / "1"
    version.mkdir(parents=True)
    (version / "saved_model.pb").write_bytes(b"\xffgarbage")
    with pytest.raises(
        ServerError, match=r"Not one of the 1 model versions of broken loads; Cannot parse file"
    ) as error:
        serve(Settings(tmp_path, port=0))
    assert "\n" not in str(error.value)


def test_folders_may_come_from_a_function_that_names_their_models(tmp_path: Path) -> None:
    version = tmp_path / "elsewhere" / "1"
    version.mkdir(parents=True)
    (version / "saved_model.pb").write_bytes(b"\xffgarbage")
    with pytest.raises(ServerError, match="Not one of the 1 model versions of broken loads"):
        serve(Settings(lambda: {"broken": version.parent}, port=0))


def test_a_port_in_use_is_known_before_any_model_is_loaded(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ServerError, match=rf"^Expected a free port at 127\.0\.0\.1:{port}, but .*[Aa]ddress"):
            serve(Settings(tmp_path / "not looked at", port=port))


@pytest.mark.parametrize("port", [-1, 70_000])
def test_a_port_that_is_none(tmp_path: Path, port: int) -> None:
    with pytest.raises(ServerError, match=f"Expected a free port at 127.0.0.1:{port}"):
        serve(Settings(tmp_path, port=port))


def test_limits_that_refuse_everything_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^Limits\.deadline_seconds must be positive, got 0$"):
        Limits(deadline_seconds=0)
    assert Limits(intra_op_threads=0).intra_op_threads == 0


def test_a_signal_lets_requests_under_way_finish_and_frees_the_port(
    models: Path, tmp_path: Path, start: Callable[..., Any]
) -> None:
    folder = tmp_path / "models"
    shutil.copytree(models / "scaler" / "1", folder / "scaler" / "1")
    first = start({"models": folder})
    stop_while_it_works(first, signal.SIGTERM)
    second = start({"models": folder, "port": first.port})
    assert second.port == first.port
    stop_while_it_works(second, signal.SIGINT)
    stop_while_it_works(start({"models": folder}), signal.SIGHUP)


def stop_while_it_works(server: Any, number: signal.Signals) -> None:
    """Sends a signal during a request, and checks its answer, the exit, and that nothing listens afterwards."""
    rounds = rounds_that_take_a_second(server)
    answers: list[Any] = []
    asking = threading.Thread(target=lambda: answers.append(spin(server, rounds)))
    idle = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    idle.request("GET", "/v1/models/scaler")
    idle.getresponse().read()
    asking.start()
    time.sleep(0.3)
    assert answers == [], "the request has ended before the signal was sent"
    server.process.send_signal(number)
    output, _ = server.process.communicate(timeout=30)
    asking.join()
    idle.close()
    assert (answers[0].status, answers[0].json) == (200, {"predictions": [pytest.approx(200.0, rel=0.1)]})
    assert (server.process.returncode, output) == (0, "answered\nstopped\n")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", server.port), timeout=5)


def spin(server: Any, rounds: int) -> Any:
    """Asks for a request that takes as many rounds as told."""
    return server.predict("scaler", {"signature_name": "spin", "instances": [rounds]})


def rounds_that_take_a_second(server: Any) -> int:
    """Returns how many rounds take a second and a half on this machine, at least, when nothing else slows it down."""
    spin(server, 1)
    seconds = []
    for _ in range(5):
        start = time.monotonic()
        spin(server, 200)
        seconds.append(time.monotonic() - start)
    return int(200 * 1.5 / min(seconds))
