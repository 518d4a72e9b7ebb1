"""Clients that take their time, leave, or are too many: each is let go of, and the others are served meanwhile."""

import contextlib
import http.client
import json
import runpy
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

# Half a minute of waiting for clocks, which a busy machine upsets.
pytestmark = pytest.mark.slow

HEAD = b"POST /v1/models/scaler:predict HTTP/1.1\r\nHost: localhost\r\n"
BODY = b'{"instances": [[1, 2]]}'
WHOLE = HEAD + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY
MAX_CONNECTIONS = 520
ANSWER = b'{"predictions":[[3.0,6.0]]}'


@pytest.fixture(scope="module")
def strict(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A server that waits for nobody."""
    servers = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("conftest.py"))))
    limits = {"max_connections": MAX_CONNECTIONS, "head_seconds": 1.5, "unread_seconds": 1.5, "deadline_seconds": 3.0}
    limits["max_bodies_bytes"] = 1_000_000
    log = tmp_path_factory.mktemp("strict") / "log.txt"
    server = servers.start_server(log, {"models": models}, **limits)
    quiet = log.read_text(encoding="utf-8")
    yield server
    servers.stop_server(server)
    assert log.read_text(encoding="utf-8") == quiet


@pytest.fixture(autouse=True)
def alive_afterwards(strict: Any) -> Iterator[None]:
    """Asks for a right answer after each test."""
    yield
    assert strict.is_alive()


@contextlib.contextmanager
def connect(server: Any) -> Iterator[socket.socket]:
    """Opens a connection."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        yield connection


def receive_all(connection: socket.socket) -> bytes:
    """Reads until the server closes the connection."""
    received = b""
    with contextlib.suppress(ConnectionResetError):
        while part := connection.recv(65536):
            received += part
    return received


def receive_answer(connection: socket.socket) -> bytes:
    """Reads one answer on a connection that stays open, and returns its body."""
    response = http.client.HTTPResponse(connection)
    response.begin()
    return response.read()


def receive_answers(connection: socket.socket, count: int) -> list[bytes]:
    """Reads answers that may come together, and returns their bodies."""
    bodies = []
    with connection.makefile("rb") as file:
        for _ in range(count):
            assert file.readline().startswith(b"HTTP/1.1 200 ")
            headers = http.client.parse_headers(file)
            bodies.append(file.read(int(headers["content-length"])))
    return bodies


def seconds_until_closed(connection: socket.socket) -> float:
    """Returns how long the server keeps a connection on which it says nothing."""
    start = time.monotonic()
    assert receive_all(connection) == b""
    return time.monotonic() - start


def test_a_connection_that_asks_nothing_is_closed(strict: Any) -> None:
    with connect(strict) as connection:
        assert 1 < seconds_until_closed(connection) < 15


def test_a_head_that_comes_too_slowly_is_not_waited_for(strict: Any) -> None:
    start = time.monotonic()
    with connect(strict) as connection, contextlib.suppress(ConnectionError):
        for byte in HEAD * 10:
            connection.sendall(bytes([byte]))
            time.sleep(0.1)
    assert 1 < time.monotonic() - start < 8


def test_a_kept_connection_may_think_but_not_dawdle_over_its_next_head(strict: Any) -> None:
    with connect(strict) as connection:
        for _ in range(2):
            connection.sendall(WHOLE)
            assert receive_answer(connection) == ANSWER
            time.sleep(2)
        connection.sendall(b"P")
        assert 1 < seconds_until_closed(connection) < 15


def test_the_rest_of_a_body_that_was_refused_is_not_taken_for_ever(strict: Any) -> None:
    with connect(strict) as connection:
        connection.sendall(HEAD + b"Content-Length: 1000000000\r\n\r\n")
        assert b"larger than the limit" in receive_answer(connection)
        start = time.monotonic()
        with contextlib.suppress(ConnectionError):
            while time.monotonic() - start < 10:
                connection.sendall(bytes(1000))
                time.sleep(0.05)
        assert 1 < time.monotonic() - start < 9


def test_garbage_behind_a_refused_body_closes_the_connection(strict: Any) -> None:
    with connect(strict) as connection:
        connection.sendall(HEAD + b"Transfer-Encoding: chunked\r\nContent-Encoding: x\r\n\r\n40000000\r\n")
        for _ in range(600):
            with contextlib.suppress(ConnectionError):
                connection.sendall(bytes(65536))
        assert receive_all(connection).count(b"HTTP/1.1 ") <= 1


def test_what_is_not_http_is_refused_as_all_else(strict: Any) -> None:
    for text in (b"\x16\x03\x01\x02\0\r\n\r\n", b"GET /\r\n\r\n", HEAD + b"X: " + b"y" * 70_000):
        with connect(strict) as connection:
            connection.sendall(text)
            head, _, body = receive_all(connection).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 400 ")
        assert json.loads(body) == {"error": "Malformed request: not HTTP/1.1, or a head that is too long"}


def test_requests_sent_before_the_answers_are_answered_in_order(strict: Any) -> None:
    bodies = [b'{"instances": [[%d, 0]]}' % number for number in range(40)]
    with connect(strict) as connection:
        connection.sendall(b"".join(HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body for body in bodies))
        answers = list(map(json.loads, receive_answers(connection, len(bodies))))
    assert [answer["predictions"][0][0] / 3 for answer in answers] == list(range(40))


def test_bodies_that_wait_are_not_read_ahead(strict: Any) -> None:
    slow = json.dumps({"signature_name": "spin", "instances": [2000]}).encode()
    assert strict.predict("scaler", slow).status == 200
    before = strict.memory()
    with connect(strict) as connection:
        connection.settimeout(0.3)
        quick = b"GET /v1/models/scaler HTTP/1.1\r\nHost: localhost\r\n\r\n" * 60
        waiting = HEAD + b"Content-Length: 31000000\r\n\r\n" + bytes(31_000_000)
        with contextlib.suppress(TimeoutError):
            connection.sendall(quick + HEAD + b"Content-Length: %d\r\n\r\n" % len(slow) + slow + waiting)
        assert strict.memory() - before < 3_000_000
    assert strict.is_alive()


def test_a_length_of_thousands_of_digits(strict: Any) -> None:
    for zeros in (10, 6000):
        with connect(strict) as connection:
            connection.sendall(HEAD + b"Content-Length: %s%d\r\n\r\n" % (b"0" * zeros, len(BODY)) + BODY)
            assert receive_answer(connection) == ANSWER


def test_a_head_of_very_many_headers_is_too_long(strict: Any) -> None:
    for text in (HEAD + b"a:\r\n" * 5000 + b"\r\n", b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\n\r\n"):
        with connect(strict) as connection:
            connection.sendall(text)
            assert receive_all(connection).startswith(b"HTTP/1.1 400 ")


def test_too_many_requests_sent_before_the_answers_close_the_connection(strict: Any) -> None:
    with connect(strict) as connection:
        connection.sendall(WHOLE * 500)
        received = receive_all(connection)
    assert received.count(b"HTTP/1.1 ") <= 65
    assert b"HTTP/1.1 400" not in received


@pytest.mark.parametrize("text", [b"X: y\r\n", b"y"], ids=["headers", "a header"])
def test_headers_without_end_behind_a_body_in_chunks_close_the_connection(strict: Any, text: bytes) -> None:
    with connect(strict) as connection:
        connection.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\nX: ")
        start = time.monotonic()
        with contextlib.suppress(ConnectionError):
            while time.monotonic() - start < 10:
                connection.sendall(text * 4000)
        assert time.monotonic() - start < 8


def test_many_small_chunks_are_a_body_as_any_other(strict: Any) -> None:
    with connect(strict) as connection:
        connection.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
        connection.sendall(b"".join(b"1;note=%s\r\n%c\r\n" % (b"x" * 8000, byte) for byte in BODY))
        connection.sendall(b"0\r\nX-Sum: 1\r\n\r\n")
        assert receive_answer(connection) == ANSWER


def test_a_request_for_another_protocol_is_answered_in_this_one(strict: Any) -> None:
    for protocol in (b"h2c", b"websocket"):
        with connect(strict) as connection:
            upgrade = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: %s\r\nHTTP2-Settings: x\r\n" % protocol
            connection.sendall(WHOLE.replace(b"Content-Length", upgrade + b"Content-Length"))
            assert receive_answer(connection) == ANSWER
            connection.sendall(WHOLE.replace(b"Content-Length", upgrade + b"Content-Length") + WHOLE)
            assert receive_answers(connection, 2) == [ANSWER, ANSWER]
    with connect(strict) as connection:
        connection.sendall(b"CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert receive_all(connection).startswith(b"HTTP/1.1 400 ")


def test_a_body_byte_by_byte_ends_at_the_deadline(strict: Any) -> None:
    start = time.monotonic()
    with connect(strict) as connection:
        connection.sendall(HEAD + b"Content-Length: 1000\r\n\r\n")

        def drip() -> None:
            with contextlib.suppress(OSError):
                for _ in range(100):
                    connection.sendall(b" ")
                    time.sleep(0.1)

        dripping = threading.Thread(target=drip)
        dripping.start()
        received = receive_all(connection)
    dripping.join()
    assert received.startswith(b"HTTP/1.1 504 ")
    assert 2.5 < time.monotonic() - start < 15


def test_an_answer_that_is_not_read_does_not_keep_its_connection(strict: Any) -> None:
    value = json.dumps({"inputs": "x" * 900_000}).encode()
    head = WHOLE.replace(b"scaler", b"echoes").partition(b"Content-Length")[0]
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(30)
        connection.connect(("127.0.0.1", strict.port))
        with contextlib.suppress(ConnectionError, TimeoutError):
            connection.settimeout(2)
            for _ in range(20):
                connection.sendall(head + b"Content-Length: %d\r\n\r\n" % len(value) + value)
        time.sleep(2)
        connection.settimeout(30)
        received = receive_all(connection)
    assert received.count(b"HTTP/1.1 200") < 20


def test_bodies_that_are_too_much_together_wait_for_another_time(strict: Any) -> None:
    with contextlib.ExitStack() as opened:
        for _ in range(2):
            connection = opened.enter_context(connect(strict))
            connection.sendall(HEAD + b"Content-Length: 1000000\r\n\r\n" + b" " * 450_000)
        time.sleep(0.5)
        answer = strict.predict("scaler", BODY + b" " * 200_000)
        assert (answer.status, answer.headers["retry-after"]) == (503, "1")
        assert answer.error == "The bodies of all requests together are larger than 1000000 bytes"
        assert strict.is_alive()
    deadline = time.monotonic() + 5
    while strict.predict("scaler", BODY + b" " * 200_000).status != 200:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_clients_that_leave_at_any_moment(strict: Any) -> None:
    for length in range(1, len(WHOLE) + 1):
        with connect(strict) as connection:
            connection.sendall(WHOLE[:length])
    for _ in range(50):
        with connect(strict) as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            connection.sendall(WHOLE)


def test_five_hundred_half_open_connections_and_then_too_many(strict: Any) -> None:
    with contextlib.ExitStack() as opened:
        kept = opened.enter_context(connect(strict))
        half_open = []
        for _ in range(500):
            half_open.append(opened.enter_context(connect(strict)))
            half_open[-1].sendall(HEAD)
        used = strict.processor_seconds()
        kept.sendall(WHOLE)
        assert receive_answer(kept) == ANSWER
        assert strict.is_alive()
        for _ in range(100):
            half_open.append(opened.enter_context(connect(strict)))
            assert strict.is_alive()
        assert strict.processor_seconds() - used < 5
