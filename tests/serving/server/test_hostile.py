"""Hostile input: a 4xx with one clear line, quickly, and a server that is alive afterwards."""

import gzip
import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

DEEP = 50_000
HEAD = "POST /v1/models/scaler:predict HTTP/1.1\r\nHost: localhost\r\n"


@pytest.fixture(autouse=True)
def alive_afterwards(server: Any, tight_server: Any) -> Iterator[None]:
    """Asks both servers for a right answer after each test."""
    yield
    assert server.is_alive()
    assert tight_server.is_alive()


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"instances": ' + b"[" * DEEP + b"]" * DEEP + b"}", "Nesting is deeper than the limit of 257 levels"),
        (b"[" * DEEP, "Nesting is deeper than the limit of 257 levels"),
        (b'{"a":' * DEEP, "Nesting is deeper than the limit of 257 levels"),
        (b'{"\\"": ' + b"[" * DEEP + b"]" * DEEP + b"}", "Nesting is deeper than the limit of 257 levels"),
        (b'{"instances": ' + b"[" * 100 + b"1" + b"]" * 100 + b"}", "deeper than the 64 axes"),
        (b'{"instances": [' + b"9" * 5000 + b"]}", "Number too big to be stored in double."),
        (b'{"instances": [' + b"9" * 400 + b"]}", "Number too big to be stored in double."),
        (b'{"instances": [[1, 2]', "JSON Parse error: "),
        (b'{"instances": [[1, 2]]} tail', "JSON Parse error: "),
        (b'{"instances": ["' + b"\xff\xfe" + b'"]}', "JSON Parse error: Invalid encoding in string. at offset: 16"),
        ('{"instances": [[1, 2]]}'.encode("utf-16"), "JSON Parse error: "),
        (b'{"instances": ["\\ud800"]}', "The surrogate pair in string is invalid."),
        (b'{"\\ud800": 1, "instances": [[1]]}', "The surrogate pair in string is invalid."),
        (b"", "JSON Parse error: The document is empty"),
        (b"\0" * 1000, "JSON Parse error: "),
        (b"'", "JSON Parse error: "),
    ],
)
def test_bodies_that_break_parsers(server: Any, body: bytes, message: str) -> None:
    used = server.processor_seconds()
    answer = server.predict("scaler", body)
    assert (answer.status, message in answer.error) == (400, True), answer.body
    assert len(answer.error) < 500
    assert server.processor_seconds() - used < 1


def test_brackets_inside_strings_are_not_nesting(server: Any) -> None:
    text = "[{" * 5000 + '\\"' + "[" * 500
    answer = server.predict("echoes", f'{{"instances": ["{text}"]}}')
    assert answer.json == {"predictions": [json.loads(f'"{text}"')]}


def test_a_large_wrong_value_is_not_sent_back_whole(server: Any) -> None:
    answer = server.predict("scaler", {"instances": [[1, 2]], "inputs": ["x" * 100_000] * 10})
    assert answer.status == 400
    assert len(answer.error) < 500


def test_a_fault_behind_half_a_million_good_values_is_found_quickly(server: Any) -> None:
    used = server.processor_seconds()
    answer = server.predict("echoes", {"instances": ["ab"] * 500_000 + [1]})
    fault = "JSON Value: 1 Type: Number is not of expected type: string"
    where = "Failed to process element: 500000 of 'instances' list. Error: INVALID_ARGUMENT:"
    assert (answer.status, answer.error) == (400, f"{where} {fault}")
    answer = server.predict("echoes", {"inputs": [["ab"] * 500_000, ["ab"] * 499_999 + [1]]})
    assert (answer.status, answer.error) == (400, fault)
    assert server.processor_seconds() - used < 5


def test_an_image_that_decodes_to_too_much_or_not_at_all(server: Any) -> None:
    truncated = {"b64": "iVBORw0KGgoAAAANSUhEUgAAAAgAAAAI"}
    answer = server.predict("echoes", {"signature_name": "decode", "instances": [truncated]})
    assert 400 <= answer.status < 500
    assert answer.error


def test_gzip_that_lies(server: Any) -> None:
    whole = gzip.compress(b'{"instances": [[1, 2]]}' * 50)
    for body in (b"no gzip", whole[:-10], whole + b"tail", b"\x1f\x8b"):
        answer = server.predict("scaler", body, {"Content-Encoding": "gzip"})
        assert (answer.status, "gzip" in answer.error) == (400, True)


def test_a_gzip_bomb(tight_server: Any) -> None:
    bomb = gzip.compress(b'{"instances": [' + b" " * 50_000_000 + b"1]}")
    assert len(bomb) < 100_000
    answer = tight_server.predict("scaler", bomb, {"Content-Encoding": "gzip"})
    assert (answer.status, answer.error) == (413, "Inflated request body is larger than the limit of 200000 bytes")


def test_too_many_lists(tight_server: Any) -> None:
    answer = tight_server.predict("scaler", {"instances": [[]] * 5000})
    assert (answer.status, answer.error) == (413, "Request has more than 5000 JSON lists and objects")


def test_a_body_over_the_limit_by_its_head_and_by_its_bytes(tight_server: Any) -> None:
    message = "Request body is larger than the limit of 100000 bytes"
    answer = tight_server.predict("scaler", b" " * 100_001)
    assert (answer.status, answer.error) == (413, message)
    connection = http.client.HTTPConnection("127.0.0.1", tight_server.port, timeout=30)
    try:
        connection.request("POST", "/v1/models/scaler:predict", body=iter([b" " * 60_000] * 3), encode_chunked=True)
        response = connection.getresponse()
        assert (response.status, json.loads(response.read())) == (413, {"error": message})
    finally:
        connection.close()


def test_a_body_just_within_the_limit(tight_server: Any) -> None:
    body = b'{"instances": [[1, 2]]}'
    answer = tight_server.predict("scaler", body + b" " * (100_000 - len(body)))
    assert answer.json == {"predictions": [[3, 6]]}


def receive_all(connection: socket.socket) -> bytes:
    """Reads until the server closes the connection."""
    received = b""
    while part := connection.recv(65536):
        received += part
    return received


def test_a_body_that_comes_too_slowly(tight_server: Any) -> None:
    start = time.monotonic()
    with socket.create_connection(("127.0.0.1", tight_server.port), timeout=30) as connection:
        connection.sendall((HEAD + "Content-Length: 1000\r\n\r\n{").encode())
        received = receive_all(connection)
    assert received.startswith(b"HTTP/1.1 504 ")
    assert received.endswith(b'{"error": "Deadline exceeded: no answer within 2 seconds"}')
    assert 1.5 < time.monotonic() - start < 10


def test_a_client_that_leaves_early(tight_server: Any) -> None:
    for tail in ("Content-Length: 1000\r\n\r\n{", "Transfer-Encoding: chunked\r\n\r\n5\r\n", "Content-Le"):
        for _ in range(5):
            with socket.create_connection(("127.0.0.1", tight_server.port), timeout=30) as connection:
                connection.sendall((HEAD + tail).encode())


def test_what_is_not_http(server: Any) -> None:
    for text in (
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET /\r\n\r\n",
        HEAD.encode() + b"Content-Length: -1\r\n\r\n",
    ):
        with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
            connection.sendall(text)
            connection.shutdown(socket.SHUT_WR)
            assert receive_all(connection).split(b"\r\n")[0] in (b"HTTP/1.1 400 Bad Request", b"")


def test_a_graph_that_runs_past_the_deadline(tight_server: Any) -> None:
    start = time.monotonic()
    answer = tight_server.predict("scaler", {"signature_name": "spin", "instances": [10_000_000]})
    assert answer.status == 504
    assert "eadline" in answer.error or "Timed out" in answer.error
    assert time.monotonic() - start < 10


def test_a_full_queue_says_so_at_once_and_empties_again(tight_server: Any) -> None:
    sockets = [socket.create_connection(("127.0.0.1", tight_server.port), timeout=30) for _ in range(4)]
    try:
        for connection in sockets:
            connection.sendall((HEAD + "Content-Length: 1000\r\n\r\n{").encode())
        deadline = time.monotonic() + 1.5
        answer = tight_server.predict("scaler", {"instances": [[1, 2]]})
        while answer.status == 200 and time.monotonic() < deadline:
            answer = tight_server.predict("scaler", {"instances": [[1, 2]]})
        assert (answer.status, answer.headers["retry-after"]) == (503, "1")
        assert answer.error == "The queue is full: 4 requests are waiting or running"
        assert tight_server.ask("GET", "/v1/models/scaler/versions/1").status == 200
    finally:
        for connection in sockets:
            connection.close()
    deadline = time.monotonic() + 5
    while tight_server.predict("scaler", {"instances": [[1, 2]]}).status != 200:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_concurrent_mixed_requests_never_swap_answers(server: Any) -> None:
    wrong: list[str] = []

    def ask_many(player: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        try:
            for turn in range(25):
                number = player * 1000 + turn
                path, document, status, expected = question(number)
                connection.request("POST", f"/v1/models/{path}:predict", json.dumps(document).encode())
                response = connection.getresponse()
                answer = json.loads(response.read())
                if response.status != status or (expected is not None and answer != expected):
                    wrong.append(f"{path} {document}: {response.status} {answer}")
        finally:
            connection.close()

    threads = [threading.Thread(target=ask_many, args=(player,)) for player in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def question(number: int) -> tuple[str, Any, int, Any]:
    """Returns a model, a request, and the status and answer it must get."""
    kind = number % 4
    if kind == 0:
        return "scaler", {"instances": [[number, 1]]}, 200, {"predictions": [[3 * number, 3]]}
    if kind == 1:
        return "echoes", {"inputs": [str(number)] * 3}, 200, {"outputs": [str(number)] * 3}
    if kind == 2:
        return "scaler/versions/1", {"instances": [[number, 1]]}, 200, {"predictions": [[2 * number, 2]]}
    return "scaler", {"instances": [[number, "x"]]}, 400, None
