"""Whatever goes wrong has its kind of error, and is said in one line, over real sockets."""

import contextlib
import json
import socket
import time
from dataclasses import replace

import pytest

from serving.errors import DeadlineExceededError, RequestRefusedError, ServingError, UnexpectedAnswerError
from serving.transport import Patience, Transport

QUICK = Patience(timeout_seconds=2, attempts=3, first_pause_seconds=0.02, total_seconds=10)
GOOD = b'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"a": 12}'


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, RequestRefusedError),
        (404, RequestRefusedError),
        (413, RequestRefusedError),
        (501, RequestRefusedError),
        (504, DeadlineExceededError),
        (500, UnexpectedAnswerError),
        (302, UnexpectedAnswerError),
    ],
)
def test_every_refusal_has_its_kind_and_is_not_tried_again(scripted_server, status, kind):
    body = json.dumps({"error": "it says\nwhy"}).encode()
    scripted_server.script = [b"HTTP/1.1 %d No\r\nContent-Length: %d\r\n\r\n%s" % (status, len(body), body)]
    assert (
        scripted_server.failure(kind) == f"{scripted_server.url}/v1/models/Pong:predict answered {status}: it says why"
    )
    assert len(scripted_server.requests) == 1


def test_a_refusal_says_its_status_and_reason(scripted_server):
    scripted_server.script = [b'HTTP/1.1 404 No\r\nContent-Length: 17\r\n\r\n{"error": "none"}']
    with pytest.raises(RequestRefusedError) as refused:
        scripted_server.ask()
    assert (refused.value.status, refused.value.reason) == (404, "none")


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n\xff\xfe",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + b"[" * 100_000,
        b"SSH-2.0-OpenSSH_9.2\r\nConnection: close\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"Connection: close\r\n\r\n{}",
    ],
)
def test_what_is_no_model_server_is_named_as_such(scripted_server, answer):
    scripted_server.script = [answer]
    assert scripted_server.failure(UnexpectedAnswerError).startswith("expected a model server at http://127.0.0.1:")


def drip(connection: socket.socket) -> None:
    """Answers a byte at a time, each well within a timeout of the socket."""
    with contextlib.suppress(OSError):
        for byte in GOOD[:40] + b" " * 1000:
            connection.sendall(bytes([byte]))
            time.sleep(0.05)


@pytest.mark.parametrize("dawdle", [lambda _: time.sleep(1), drip])
def test_an_answer_that_does_not_come_in_time_is_not_waited_for(scripted_server, dawdle):
    scripted_server.script = [dawdle]
    started = time.monotonic()
    scripted_server.failure(DeadlineExceededError, replace(QUICK, timeout_seconds=0.4))
    assert time.monotonic() - started < 3 and len(scripted_server.requests) == 1


def test_a_name_that_is_no_host_cannot_be_reached():
    for host in ("no.such.host.invalid", "x" * 70):
        with pytest.raises(ServingError, match="expected a model server at"):
            Transport(f"http://{host}", replace(QUICK, attempts=1)).ask("GET", "/")
