"""Clients of a model server, as many as asked, which cost little themselves: raw HTTP on connections that are kept."""

import math
import selectors
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from xdrl.errors import UserError

_PART_BYTES = 1 << 18
_ANSWER_SECONDS = 60.0
_HEAD_END, _LENGTH = b"\r\n\r\n", b"content-length:"


@dataclass(frozen=True)
class Load:
    """What a server is loaded with.

    Attributes:
        host, port: where it listens.
        path: of the requests.
        bodies: JSON, one for each client; again from the first where there are more clients.
        clients: that ask at the same time, each as soon as it has its answer.
        seconds: for which it is measured.
        warm_up_seconds: before that.
    """

    host: str
    port: int
    path: str
    bodies: Sequence[bytes]
    clients: int
    seconds: float
    warm_up_seconds: float

    def request(self, client: int) -> bytes:
        """Returns the bytes that a client sends."""
        body = self.bodies[client % len(self.bodies)]
        head = f"POST {self.path} HTTP/1.1\r\nHost: {self.host}\r\nContent-Length: {len(body)}\r\n\r\n"
        return head.encode() + body


@dataclass(frozen=True)
class LoadFigures:
    """How the server bore it.

    Attributes:
        requests_per_second: of all clients.
        p50, p95, p99: milliseconds within which so many of a hundred answers were there.
    """

    requests_per_second: float
    p50: float
    p95: float
    p99: float


@dataclass
class _Client:
    """One client in the middle of a request; `received` is what has come of the answer, `sent` the moment it asked."""

    connection: socket.socket
    request: bytes
    sent: float = 0.0
    received: bytearray = field(default_factory=bytearray)

    def ask(self) -> None:
        self.received.clear()
        self.sent = time.perf_counter()
        self.connection.sendall(self.request)

    def hear(self) -> bool:
        """Receives what there is; True where the answer is whole."""
        part = self.connection.recv(_PART_BYTES)
        if not part:
            raise UserError("expected an answer, got a connection that was closed")
        self.received += part
        head, end, body = self.received.partition(_HEAD_END)
        if not end:
            return False
        is_whole = len(body) >= int(head.lower().partition(_LENGTH)[2].split(b"\r\n", 1)[0])
        if is_whole and not head.startswith(b"HTTP/1.1 200 "):
            raise UserError(f"expected status 200, got {head.splitlines()[0].decode()}: {body.decode()[:200]}")
        return is_whole


def load_server(load: Load) -> LoadFigures:
    """Lets the clients ask until the time is over, in this thread alone.

    Raises:
        UserError: a request was refused, or not answered at all.
    """
    start = time.perf_counter() + load.warm_up_seconds
    end = start + load.seconds
    milliseconds: list[float] = []
    with selectors.DefaultSelector() as selector:
        try:
            for number in range(load.clients):
                connection = socket.create_connection((load.host, load.port), _ANSWER_SECONDS)
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                client = _Client(connection, load.request(number))
                selector.register(connection, selectors.EVENT_READ, client)
                client.ask()
            while (now := time.perf_counter()) < end or not milliseconds:
                found = _hear_all(selector)
                milliseconds += found if now >= start else []
        finally:
            for key in list(selector.get_map().values()):
                key.data.connection.close()
    speed = len(milliseconds) / (time.perf_counter() - start)
    return LoadFigures(speed, *(_percentile(milliseconds, share) for share in (50, 95, 99)))


def _hear_all(selector: selectors.BaseSelector) -> list[float]:
    """Waits for answers and lets those who have one ask again; returns the milliseconds that they took."""
    events = selector.select(_ANSWER_SECONDS)
    if not events:
        raise UserError(f"expected an answer within {_ANSWER_SECONDS:g} seconds, got none")
    found = []
    for key, _ in events:
        client = key.data
        if client.hear():
            found.append((time.perf_counter() - client.sent) * 1000)
            client.ask()
    return found


def _percentile(values: Sequence[float], share: float) -> float:
    """Returns the smallest value that so many of a hundred do not exceed."""
    return sorted(values)[max(0, math.ceil(len(values) * share / 100) - 1)]
