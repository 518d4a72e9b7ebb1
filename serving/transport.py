"""Carries a client's requests over kept connections, again where that may help, and names whatever goes wrong."""

import base64
import http.client
import json
import os
import random
import threading
import time
import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

from serving.errors import DeadlineExceededError, ServerUnavailableError, ServingError, UnexpectedAnswerError, refusal

_CONNECTIONS = {"http": http.client.HTTPConnection, "https": http.client.HTTPSConnection}
_PIECE_BYTES, _MAX_CHARACTERS_SHOWN = 65536, 200
_SHORTEST_SHARE_OF_PAUSE = 0.5


@dataclass(frozen=True)
class Patience:
    """How long a client waits, and how often it tries.

    Attributes:
        timeout_seconds: of one attempt, from connecting to the last byte of the answer (its first lines are waited for
            as long as some of them keep coming).
        attempts: how often a request is sent at most, where the server cannot be reached or answers 503.
        first_pause_seconds: after the first attempt; doubled after each, and shortened by up to half at random, so that
            clients that were refused together do not come back together. A longer `Retry-After` counts instead.
        longest_pause_seconds: that doubling leads to.
        total_seconds: of all attempts and pauses.

    Raises:
        ValueError: a time is negative, or there is no time or attempt at all.
    """

    timeout_seconds: float = 30.0
    attempts: int = 4
    first_pause_seconds: float = 0.1
    longest_pause_seconds: float = 5.0
    total_seconds: float = 60.0

    def __post_init__(self) -> None:
        """Refuses what would never send a request."""
        if self.attempts < 1 or min(self.timeout_seconds, self.total_seconds) <= 0:
            raise ValueError(f"expected at least one attempt and some time for it, got {self}")
        if min(self.first_pause_seconds, self.longest_pause_seconds) < 0:
            raise ValueError(f"expected pauses that are not negative, got {self}")

    def pause_seconds(self, attempt: int, retry_after_seconds: float) -> float:
        """Returns how long to wait after an attempt, counted from 1, that failed."""
        longest = min(self.first_pause_seconds * 2.0 ** (attempt - 1), self.longest_pause_seconds)
        return max(longest * random.uniform(_SHORTEST_SHARE_OF_PAUSE, 1.0), retry_after_seconds)


class _Kept:
    """Connections that are open and not in use, of one process: a forked one would read the other's answers."""

    def __init__(self) -> None:
        self.process_id = os.getpid()
        self.lock = threading.Lock()
        self.idle: list[http.client.HTTPConnection] = []
        weakref.finalize(self, _close_all, self.idle)


class Transport:
    """Asks one server; may be used from many threads at once, each request on a connection of its own.

    Connections are kept open for the next request, and closed by `close` or with the object's end. A process that was
    forked, or that the object was sent to, makes connections of its own.
    """

    def __init__(self, url: str, patience: Patience, headers: Mapping[str, str] | None = None) -> None:
        """Reads the address; nothing is connected yet.

        Args:
            url: of the server, such as http://127.0.0.1:8501; a path in it stands before every request's, and a name
                and password in it, http://name:password@host, are sent with each (HTTP's basic authentication).
            patience: of every request.
            headers: sent with every request, such as {"Authorization": "Bearer ..."}.

        Raises:
            ServingError: the address is none, or a header cannot be sent.
        """
        self._given = url, patience, headers
        self._url, self._patience = url.rstrip("/"), patience
        try:
            parts = urlsplit(self._url)
            self._host, self._port = parts.hostname or "", parts.port
        except ValueError as error:
            raise ServingError(f"expected a model server at {url}, got: {error}") from error
        if parts.scheme not in _CONNECTIONS or not self._host:
            raise ServingError(f"expected a model server at an address such as http://127.0.0.1:8501, got {url!r}")
        self._scheme, self._prefix = parts.scheme, parts.path
        if parts.username is not None:  # which no message shows
            self._url = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl().rstrip("/")
        self._headers = {**_credentials(parts), **(headers or {})}
        if any(not name or set("\r\n\0") & set(name + value) for name, value in self._headers.items()):
            raise ServingError(f"expected headers of one line each, got {sorted(self._headers)}")
        self._kept = _Kept()

    def __reduce__(self) -> tuple[Any, ...]:
        """Sends where to ask to another process, and no connection."""
        return Transport, self._given

    def close(self) -> None:
        """Closes the connections that no request uses; the next request opens a new one."""
        kept = self._own()
        with kept.lock:
            _close_all(kept.idle)

    def ask(self, method: str, path: str, document: dict[str, Any] | None = None) -> dict[str, Any]:
        """Sends a request, again where the server may answer the next time, and returns the JSON object it answers.

        Args:
            method: GET or POST.
            path: from `/v1/` on, quoted.
            document: of a POST.

        Raises:
            ServerUnavailableError: the server cannot be reached, or answered 503 until patience ended.
            RequestRefusedError: 4xx, or 501: what is asked does not exist.
            DeadlineExceededError: 504, or no answer within the patience.
            UnexpectedAnswerError: anything else that is no JSON object.
        """
        body = None if document is None else json.dumps(document, separators=(",", ":")).encode()
        end, attempt = time.monotonic() + self._patience.total_seconds, 1
        while True:
            try:
                return self._attempt(method, path, body, end)
            except ServerUnavailableError as error:
                pause = self._patience.pause_seconds(attempt, error.retry_after_seconds)
                if attempt >= self._patience.attempts or time.monotonic() + pause >= end:
                    raise
            time.sleep(pause)
            attempt += 1

    def _attempt(self, method: str, path: str, body: bytes | None, end: float) -> dict[str, Any]:
        end = min(end, time.monotonic() + self._patience.timeout_seconds)
        expected = f"expected a model server at {self._url}{path}, got"
        try:
            response, answer = self._exchange(method, path, body, end)
        except TimeoutError as error:
            raise DeadlineExceededError(f"{self._url}{path} gave no answer in time: {error}") from error
        except (OSError, http.client.IncompleteRead) as error:
            raise ServerUnavailableError(f"{expected}: {error}") from error
        except (http.client.HTTPException, ValueError) as error:
            raise UnexpectedAnswerError(f"{expected}: {error!r}") from error
        if response.status != HTTPStatus.OK:
            raise refusal(f"{self._url}{path}", response.status, response.headers, answer)
        try:
            document = json.loads(answer)
        except (ValueError, RecursionError) as error:
            raise UnexpectedAnswerError(f"{expected}: {error}") from error
        if not isinstance(document, dict):
            raise UnexpectedAnswerError(f"{expected} {repr(document)[:_MAX_CHARACTERS_SHOWN]}")
        return document

    def _exchange(
        self, method: str, path: str, body: bytes | None, end: float
    ) -> tuple[http.client.HTTPResponse, bytes]:
        """Sends a request on a kept connection, or on a new one where there is none or it has gone stale."""
        kept = self._own()
        with kept.lock:
            connection = kept.idle.pop() if kept.idle else None
        if connection is not None:
            try:
                return self._exchange_on(connection, method, path, body, end)
            except ConnectionError:
                pass  # the server has closed it meanwhile, as it may at any time
        connection = _CONNECTIONS[self._scheme](self._host, self._port)
        return self._exchange_on(connection, method, path, body, end)

    def _exchange_on(
        self, connection: http.client.HTTPConnection, method: str, path: str, body: bytes | None, end: float
    ) -> tuple[http.client.HTTPResponse, bytes]:
        try:
            _set_timeout(connection, end)
            if connection.sock is None:
                connection.connect()
                _set_timeout(connection, end)
            is_sent = _send(connection, method, self._prefix + path, body, self._headers)
            response = connection.getresponse()
            answer = _read(connection, response, end)
        except BaseException:
            connection.close()
            raise
        if response.will_close or not is_sent:
            connection.close()
        else:
            kept = self._own()
            with kept.lock:
                kept.idle.append(connection)
        return response, answer

    def _own(self) -> _Kept:
        """Returns this process's connections; those that came with a fork are the other's, and are let alone."""
        if self._kept.process_id != os.getpid():
            self._kept = _Kept()
        return self._kept


def _credentials(parts: SplitResult) -> dict[str, str]:
    if parts.username is None:
        return {}
    pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
    return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}


def _send(
    connection: http.client.HTTPConnection, method: str, path: str, body: bytes | None, headers: Mapping[str, str]
) -> bool:
    """Sends a request; returns False where the server stopped listening, which it may have said why."""
    try:
        connection.request(method, path, body, {**({"Content-Type": "application/json"} if body else {}), **headers})
    except (BrokenPipeError, ConnectionResetError):
        return False
    return True


def _read(connection: http.client.HTTPConnection, response: http.client.HTTPResponse, end: float) -> bytes:
    """Reads an answer piece by piece, so that one that drips in ends in time as well."""
    pieces = []
    while piece := response.read1(_PIECE_BYTES):
        pieces.append(piece)
        _set_timeout(connection, end)
    pieces.append(response.read())  # nothing more; ends the answer, so that the connection is free
    answer = b"".join(pieces)
    if response.length:
        raise http.client.IncompleteRead(answer, response.length)
    return answer


def _set_timeout(connection: http.client.HTTPConnection, end: float) -> None:
    """Lets the next read, write or connect take what is left of the time."""
    seconds = end - time.monotonic()
    if seconds <= 0:
        raise TimeoutError("timed out")
    connection.timeout = seconds
    if connection.sock is not None:
        connection.sock.settimeout(seconds)


def _close_all(connections: list[http.client.HTTPConnection]) -> None:
    while connections:
        connections.pop().close()
