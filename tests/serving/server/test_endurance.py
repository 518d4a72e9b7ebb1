"""Long and crowded runs: answers are never swapped, memory stays flat, and a stop loses no accepted request."""

import http.client
import json
import random
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

MEBIBYTE = 1024 * 1024
DTYPES = ["float32", "float64", "int8", "int16", "int32", "int64", "uint8", "uint32", "uint64"]


def question(number: int) -> tuple[str, Any, int, Any]:
    """Returns a model, a request, and the status and answer that it and no other must get."""
    kind = number % 8
    if kind == 0:
        return "scaler", {"instances": [[number, 1]]}, 200, {"predictions": [[3 * number, 3]]}
    if kind == 1:
        return "scaler/versions/1", {"inputs": [[number, 1]] * 3}, 200, {"outputs": [[2 * number, 2]] * 3}
    if kind == 2:
        document = {"signature_name": "any_length", "instances": [number] * (number % 50 + 1)}
        return "scaler", document, 200, {"predictions": [3 * number] * (number % 50 + 1)}
    if kind == 3:
        dtype = DTYPES[number % len(DTYPES)]
        value = [[number % 128], [number % 127]]
        return "echoes", {"signature_name": f"echo_{dtype}", "inputs": value}, 200, {"outputs": value}
    if kind == 4:
        return "echoes", {"instances": [f"text {number}"]}, 200, {"predictions": [f"text {number}"]}
    if kind == 5:
        row = {"text": f"a{number}", "big": number, "flag": number % 16 == 5, "pixels": [1, 2, number % 256]}
        return "mixed", {"instances": [row]}, 200, None
    if kind == 6:
        message = f"indices[0] = {number} is not in [0, 3)"
        return "echoes", {"signature_name": "gather", "instances": [number]}, 400, {"error": message}
    return "scaler", {"instances": [[number, f"x{number}"]]}, 400, None


def check(number: int, status: int, answer: Any) -> str | None:
    """Returns what is wrong with the answer to a question."""
    path, document, expected_status, expected = question(number)
    if number % 8 == 5 and status == 200:
        row = answer["predictions"][0]
        is_right = (row["big"], row["shout"], row["pixels"][2]) == (number + 1, f"A{number}", 255 - number % 256)
    elif number % 8 == 7:
        is_right = f'"x{number}"' in answer["error"]
    else:
        is_right = answer == expected
    return None if is_right and status == expected_status else f"{path} {document}: {status} {answer}"


def ask_many(server: Any, numbers: list[int]) -> list[str]:
    """Asks the questions over one connection and returns what was wrong."""
    wrong = []
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    try:
        for number in numbers:
            path, document, _, _ = question(number)
            connection.request("POST", f"/v1/models/{path}:predict", json.dumps(document).encode())
            response = connection.getresponse()
            wrong.append(check(number, response.status, json.loads(response.read())))
    finally:
        connection.close()
    return [text for text in wrong if text]


def ask_at_once(server: Any, num_clients: int, num_each: int) -> list[str]:
    """Lets clients ask mixed questions at the same time, each in an order of its own."""
    rng = random.Random(num_clients)
    with ThreadPoolExecutor(num_clients) as clients:
        orders = [rng.sample(range(10_000_000), num_each) for _ in range(num_clients)]
        return [text for wrong in clients.map(lambda numbers: ask_many(server, numbers), orders) for text in wrong]


def test_sixty_mixed_requests_at_once_never_swap_answers(server: Any) -> None:
    assert ask_at_once(server, 60, 5) == []


@pytest.mark.slow
def test_two_hundred_mixed_requests_at_once_never_swap_answers(server: Any) -> None:
    start = time.monotonic()
    assert ask_at_once(server, 200, 25) == []
    print(f"5,000 requests of 200 clients in {time.monotonic() - start:.1f} s")


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_ten_thousand_requests_leave_memory_flat(start: Callable[..., Any]) -> None:
    server = start()
    assert ask_at_once(server, 4, 250) == []
    before, started = server.memory(), time.monotonic()
    readings = []
    for _ in range(10):
        assert ask_at_once(server, 4, 250) == []
        readings.append(server.memory() / before - 1)
    growth = ", ".join(f"{reading:+.2%}" for reading in readings)
    print(f"10,000 requests in {time.monotonic() - started:.0f} s; {before / MEBIBYTE:.0f} MiB, then {growth}")
    assert readings[-1] < 0.05


def ask_until_refused(server: Any, number: int, counts: dict[str, int], lock: threading.Lock) -> None:
    """Asks until the server does not take another request, and counts how each one ended.

    A request is lost where the server has begun to answer it and does not end, or answers another status than 200.
    """
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    document = json.dumps({"signature_name": "spin", "instances": [20]}) if number % 2 else '{"instances": [[1, 2]]}'
    while True:
        try:
            connection.request("POST", "/v1/models/scaler:predict", document)
            response = connection.getresponse()
        except (ConnectionError, http.client.RemoteDisconnected):
            # Not a byte of an answer: the connection was refused or closed before the request was taken.
            end = "refused"
        else:
            try:
                end = "answered" if response.status == 200 and response.read() else f"lost: {response.status}"
            except (http.client.IncompleteRead, ConnectionError):
                end = "lost: half an answer"
        with lock:
            counts[end] = counts.get(end, 0) + 1
        if end != "answered":
            connection.close()
            return


@pytest.mark.parametrize("number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.slow)])
def test_a_stop_under_load_loses_no_request(start: Callable[..., Any], number: signal.Signals) -> None:
    server = start(deadline_seconds=20.0)
    counts: dict[str, int] = {}
    arguments = (counts, threading.Lock())
    clients = [threading.Thread(target=ask_until_refused, args=(server, i, *arguments)) for i in range(8)]
    for client in clients:
        client.start()
    time.sleep(1.5)
    stopped = time.monotonic()
    server.process.send_signal(number)
    output, _ = server.process.communicate(timeout=25)
    seconds = time.monotonic() - stopped
    for client in clients:
        client.join()
    assert (server.process.returncode, output) == (0, "answered\nstopped\n")
    assert counts.keys() == {"answered", "refused"}, counts
    assert counts["refused"] == 8
    assert counts["answered"] > 20
    assert seconds < 10
