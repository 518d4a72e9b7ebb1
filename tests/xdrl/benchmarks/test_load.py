"""Clients that load a server: what they send, what they count, and what they do not put up with."""

import http.server
import threading
from collections.abc import Callable, Iterator

import pytest

from xdrl.benchmarks.load import Load, load_server
from xdrl.errors import UserError


class QuietServer(http.server.ThreadingHTTPServer):
    """Says nothing of clients that leave in the middle, as these do at their end."""

    def handle_error(self, request, client_address):
        pass


Start = Callable[..., tuple[int, set[tuple[str, bytes]], set[tuple[str, int]]]]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts a server that answers with a status, and returns its port, what it was asked, and the clients it saw."""
    servers = []

    def start_one(status: int = 200, answer: bytes = b"x" * 100_000):
        asked, clients = set(), set()

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                asked.add((self.path, self.rfile.read(int(self.headers["content-length"]))))
                clients.add(self.client_address)
                self.send_response(status)
                self.send_header("CONTENT-LENGTH", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *arguments):
                pass

        servers.append(QuietServer(("127.0.0.1", 0), Handler))
        threading.Thread(target=servers[-1].serve_forever, daemon=True).start()
        return servers[-1].server_port, asked, clients

    yield start_one
    for server in servers:
        server.shutdown()
        server.server_close()


def make_load(port: int, clients: int = 3, seconds: float = 0.3) -> Load:
    return Load("127.0.0.1", port, "/v1/models/Pong:predict", [b"one", b"two"], clients, seconds, 0.05)


def test_every_client_keeps_its_connection_and_asks_what_is_its_own(start: Start) -> None:
    port, asked, clients = start()
    figures = load_server(make_load(port))
    assert asked == {("/v1/models/Pong:predict", body) for body in (b"one", b"two")}
    assert len(clients) == 3
    assert 0 < figures.p50 <= figures.p95 <= figures.p99
    # Three clients that each ask as soon as they are answered.
    assert figures.requests_per_second > 3 * 1000 / figures.p99 / 2


def test_a_first_answer_is_waited_for_however_short_the_time(start: Start) -> None:
    port, _, _ = start()
    assert load_server(make_load(port, seconds=1e-9)).requests_per_second > 0


def test_a_refusal_ends_it(start: Start) -> None:
    port, _, _ = start(503, b'{"error": "full"}')
    with pytest.raises(UserError, match=r'expected status 200, got .* 503 Service Unavailable: {"error": "full"}'):
        load_server(make_load(port))
