"""Kept connections, attempts and their pauses, and a kind of error for whatever goes wrong, over real sockets."""

import base64
import json
import os
import pickle
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from serving.client import AgentClient
from serving.errors import (
    RequestRefusedError,
    ServerUnavailableError,
    ServingError,
)
from serving.transport import Patience, Transport

QUICK = Patience(timeout_seconds=2, attempts=3, first_pause_seconds=0.02, total_seconds=10)
GOOD = b'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"a": 12}'
FULL = b'HTTP/1.1 503 Busy\r\nContent-Length: 17\r\n\r\n{"error": "full"}'


def break_off(connection: socket.socket) -> None:
    """Closes without an answer."""
    connection.shutdown(socket.SHUT_RDWR)


def test_a_request_is_json_and_its_answer_an_object(scripted_server):
    assert scripted_server.ask() == {"a": 12}
    assert scripted_server.requests[0][:3] == ("POST", "/v1/models/Pong:predict", b'{"inputs":[1,0.2]}')
    assert Transport(scripted_server.url + "/behind/it/", QUICK).ask("GET", "/v1/models/Pong") == {"a": 12}
    assert scripted_server.requests[1][:3] == ("GET", "/behind/it/v1/models/Pong", b"")


def test_requests_share_a_connection(scripted_server):
    transport = Transport(scripted_server.url, QUICK)
    for _ in range(5):
        transport.ask("GET", "/v1/models/Pong")
    assert len(scripted_server.peers) == 1
    transport.close()
    transport.ask("GET", "/v1/models/Pong")
    assert len(scripted_server.peers) == 2


def test_threads_at_once_take_a_connection_each_and_leave_it_to_the_next(scripted_server):
    transport, barrier = Transport(scripted_server.url, QUICK), threading.Barrier(4)

    def wait_for_all(connection: socket.socket) -> None:
        barrier.wait(5)
        connection.sendall(GOOD.replace(b"Content-Length", b"Connection: close\r\nContent-Length"))

    scripted_server.script = [wait_for_all] * 4 + [GOOD]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: transport.ask("GET", "/v1/models/Pong"), range(4)))
    assert answers == [{"a": 12}] * 4 and len(scripted_server.peers) == 4
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: transport.ask("GET", "/v1/models/Pong"), range(100)))
    assert len(scripted_server.peers) <= 8


def test_a_connection_that_the_server_has_closed_meanwhile_costs_no_attempt(scripted_server):
    transport = Transport(scripted_server.url, replace(QUICK, attempts=1))
    scripted_server.script = [GOOD, break_off, GOOD]
    for _ in range(2):
        assert transport.ask("GET", "/v1/models/Pong") == {"a": 12}
    assert len(scripted_server.requests) == 3


@pytest.mark.parametrize("trouble", [FULL, break_off])
def test_what_may_pass_is_tried_again(scripted_server, trouble):
    scripted_server.script = [trouble, trouble, GOOD]
    assert scripted_server.ask() == {"a": 12}
    assert len({body for _, _, body, _ in scripted_server.requests}) == 1 and len(scripted_server.requests) == 3


def test_what_does_not_pass_is_said_after_the_last_attempt(scripted_server):
    scripted_server.script = [FULL]
    message = scripted_server.failure(ServerUnavailableError)
    assert message == f"{scripted_server.url}/v1/models/Pong:predict answered 503: full"
    assert len(scripted_server.requests) == 3
    scripted_server.script = [break_off]
    assert f"expected a model server at {scripted_server.url}/v1/models/Pong:predict, got: " in scripted_server.failure(
        ServerUnavailableError
    )


def test_pauses_double_and_are_cut_at_random(scripted_server):
    patience = Patience(first_pause_seconds=0.1, longest_pause_seconds=0.3)
    for attempt, longest in ((1, 0.1), (2, 0.2), (3, 0.3), (9, 0.3), (5000, 0.3)):
        pauses = [patience.pause_seconds(min(attempt, 1000), 0) for _ in range(200)]
        assert longest / 2 <= min(pauses) < 0.6 * longest and 0.9 * longest < max(pauses) <= longest


def test_the_server_says_how_long_to_wait(scripted_server):
    scripted_server.script = [FULL.replace(b"Content-Length", b"Retry-After: 1\r\nContent-Length"), GOOD]
    scripted_server.ask()
    first, second = (moment for *_, moment in scripted_server.requests)
    assert 1 <= second - first < 2


@pytest.mark.parametrize("wait", [b"9", b"9" * 400])
def test_who_would_have_to_wait_longer_than_the_patience_does_not_wait_at_all(scripted_server, wait):
    scripted_server.script = [FULL.replace(b"Content-Length", b"Retry-After: " + wait + b"\r\nContent-Length"), GOOD]
    started = time.monotonic()
    scripted_server.failure(ServerUnavailableError, replace(QUICK, total_seconds=2))
    assert time.monotonic() - started < 1 and len(scripted_server.requests) == 1


@pytest.mark.parametrize("wait", [b"soon", b"Wed, 21 Oct 2026 07:28:00 GMT", b"-1", b""])
def test_a_wait_that_is_no_number_of_seconds_is_passed_over(scripted_server, wait):
    scripted_server.script = [FULL.replace(b"Content-Length", b"Retry-After: " + wait + b"\r\nContent-Length"), GOOD]
    assert scripted_server.ask() == {"a": 12}


def test_an_answer_that_breaks_off_is_asked_for_again(scripted_server):
    scripted_server.script = [lambda connection: connection.sendall(GOOD[:-4]), GOOD]
    assert scripted_server.ask() == {"a": 12}


def test_an_answer_that_comes_before_the_whole_body_was_read_is_heard():
    """A server that refuses a large body need not read it."""
    refusal = b'HTTP/1.1 413 No\r\nContent-Length: 16\r\nConnection: close\r\n\r\n{"error": "big"}'

    def answer_at_once(listening: socket.socket) -> None:
        connection, _ = listening.accept()
        with connection:
            connection.recv(1000)
            connection.sendall(refusal)
            connection.shutdown(socket.SHUT_WR)
            time.sleep(0.2)
            while connection.recv(65536):
                pass

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=answer_at_once, args=(listening,))
        thread.start()
        transport = Transport(f"http://127.0.0.1:{listening.getsockname()[1]}", QUICK)
        with pytest.raises(RequestRefusedError, match="answered 413: big"):
            transport.ask("POST", "/", {"a": "x" * 5_000_000})
        thread.join()


def test_a_server_that_starts_meanwhile_is_found():
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"

        def start() -> None:
            time.sleep(0.2)
            listening.listen()
            connection, _ = listening.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(GOOD)

        thread = threading.Thread(target=start)
        thread.start()
        patience = Patience(attempts=20, first_pause_seconds=0.05, longest_pause_seconds=0.1)
        assert Transport(url, patience).ask("GET", "/") == {"a": 12}
        thread.join()


@pytest.mark.parametrize(
    "values",
    [
        {"attempts": 0},
        {"timeout_seconds": 0},
        {"total_seconds": -1},
        {"first_pause_seconds": -0.1},
        {"longest_pause_seconds": -1},
    ],
)
def test_a_patience_that_never_asks_is_refused(values):
    with pytest.raises(ValueError, match="expected"):
        Patience(**values)


def test_a_forked_client_has_connections_of_its_own():
    """Both sides of a fork ask for their own number, over and over; a shared connection would mix the answers up."""
    with EchoServer() as server:
        transport = Transport(server.url, QUICK)
        assert transport.ask("GET", "/0") == {"path": "/0"}  # leaves a connection behind
        reader, writer = os.pipe()
        child = os.fork()
        first = 1 if child else 1001
        found = [transport.ask("GET", f"/{number}")["path"] for number in range(first, first + 80, 2)]
        if not child:
            os.write(writer, b"y" if found == [f"/{number}" for number in range(1001, 1081, 2)] else b"n")
            os._exit(0)
        os.waitpid(child, 0)
        assert found == [f"/{number}" for number in range(1, 81, 2)]
        assert os.read(reader, 1) == b"y"
        os.close(reader)
        os.close(writer)
        assert transport.ask("GET", "/end") == {"path": "/end"}


def test_a_client_is_sent_to_another_process_without_its_connections(scripted_server):
    transport = Transport(scripted_server.url, QUICK, {"X-Team": "blue"})
    transport.ask("GET", "/v1/models/Pong")
    copy = pickle.loads(pickle.dumps(transport))
    assert copy.ask("GET", "/v1/models/Pong") == {"a": 12}
    assert len(scripted_server.peers) == 2
    client = pickle.loads(pickle.dumps(AgentClient(scripted_server.url, "Pong", patience=QUICK)))
    client.close()


def test_headers_and_credentials_are_sent_and_never_shown():
    with EchoServer() as server:
        address = server.url.replace("http://", "http://me:p%40ss@")
        transport = Transport(address, QUICK, {"X-Team": "blue"})
        transport.ask("GET", "/a")
        (headers,) = server.headers
        assert (headers["X-Team"], headers["Authorization"]) == (
            "blue",
            "Basic " + base64.b64encode(b"me:p@ss").decode(),
        )
        transport.close()
    with pytest.raises(ServingError) as failure:
        transport.ask("GET", "/b")
    assert "p%40ss" not in str(failure.value) and "me:" not in str(failure.value)
    with pytest.raises(ServingError, match="expected headers of one line"):
        Transport(server.url, QUICK, {"X-Team": "blue\r\nX-Admin: yes"})


class EchoServer:
    """Answers every request with its path, for as long as the context lasts."""

    def __enter__(self) -> "EchoServer":
        self.headers: list[dict[str, str]] = []
        seen = self.headers

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                seen.append(dict(self.headers.items()))
                body = json.dumps({"path": self.path}).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
