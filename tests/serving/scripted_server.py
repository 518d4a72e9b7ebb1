"""A web server that answers with bytes that a test has written down, over real sockets."""

import http.server
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from serving.errors import ServingError
from serving.transport import Patience, Transport

QUICK = Patience(timeout_seconds=2, attempts=3, first_pause_seconds=0.02, total_seconds=10)
GOOD = b'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"a": 12}'


class Scripted(http.server.ThreadingHTTPServer):
    """Answers with bytes that a test has written down, one after the other; the last one for ever."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.script: list[bytes | Callable[[socket.socket], None]] = [GOOD]
        self.requests: list[tuple[str, str, bytes, float]] = []
        self.peers: set[int] = set()
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def ask(self, patience: Patience = QUICK) -> dict[str, Any]:
        """Asks a question as the client does."""
        return Transport(self.url, patience).ask("POST", "/v1/models/Pong:predict", {"inputs": [1, 0.2]})

    def failure(self, kind: type[ServingError], patience: Patience = QUICK) -> str:
        """Asks a question that fails with a kind of error, and returns its one line."""
        with pytest.raises(kind) as error:
            self.ask(patience)
        message = str(error.value)
        assert type(error.value) is kind and message and "\n" not in message
        return message


class Handler(http.server.BaseHTTPRequestHandler):
    """Reads whole requests; what is answered, the script says."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.answer()

    def do_POST(self) -> None:
        self.answer()

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        with self.server.lock:
            self.server.requests.append((self.command, self.path, body, time.monotonic()))
            self.server.peers.add(self.client_address[1])
            answer = self.server.script.pop(0) if len(self.server.script) > 1 else self.server.script[0]
        if callable(answer):
            answer(self.connection)
            self.close_connection = True
        else:
            self.wfile.write(answer)
            self.close_connection = b"Connection: close" in answer

    def log_message(self, *_: object) -> None:
        """Says nothing."""
