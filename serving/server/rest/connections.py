"""One HTTP connection: how long a client may take over its parts, and how many connections there are."""

import asyncio
import json
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from serving.server.limits import Limits

_BAD_REQUEST = 400
_NOT_HTTP = "Malformed request: not HTTP/1.1, or a head that is too long"


class Connection(H11Protocol):
    """A connection that is closed when its client keeps it waiting, and whose errors look like all others.

    The HTTP server itself only bounds how long a connection is idle between two requests. A request is under way from
    its head's end to the end of its answer, and `Application` bounds how long that takes.
    """

    def __init__(self, limits: Limits, *args: Any, **kwargs: Any) -> None:
        """Keeps the limits; the other arguments are the HTTP server's."""
        super().__init__(*args, **kwargs)
        self._limits = limits
        self._head_timer: asyncio.TimerHandle | None = None
        self._unread_timer: asyncio.TimerHandle | None = None
        self.waiting_since = self.loop.time()

    @property
    def is_answering(self) -> bool:
        """Tells whether a request is under way."""
        return self.cycle is not None and not self.cycle.response_complete

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begins to wait for the first request; makes room where there are too many connections."""
        super().connection_made(transport)  # type: ignore[arg-type]
        self._watch_head()
        if len(self.connections) > self._limits.max_connections:
            self._make_room()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forgets the timers."""
        for timer in filter(None, (self._head_timer, self._unread_timer)):
            timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Takes what came; what is no whole head yet must become one in time."""
        super().data_received(data)
        self._watch_head()

    def on_response_complete(self) -> None:
        """Begins to wait for the client to read its answer, and for the next request."""
        self.waiting_since = self.loop.time()
        if self._unread_timer is not None:
            self._unread_timer.cancel()
        self._unread_timer = self.loop.call_later(self._limits.unread_seconds, self._close_if_unread)
        super().on_response_complete()

    def send_400_response(self, msg: str) -> None:
        """Answers what is not HTTP as every other error, and closes; only closes where an answer has begun."""
        if self.conn.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            self.transport.close()
            return
        body = json.dumps({"error": _NOT_HTTP}).encode("ascii")
        headers = [("content-type", "application/json"), ("content-length", str(len(body))), ("connection", "close")]
        head = h11.Response(status_code=_BAD_REQUEST, headers=headers, reason=b"Bad Request")
        for event in (head, h11.Data(data=body), h11.EndOfMessage()):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def _make_room(self) -> None:
        """Closes the connection that has asked nothing for longest: this one, where all others have asked."""
        connections = [
            one for one in self.connections if isinstance(one, Connection) and not one.transport.is_closing()
        ]
        if len(connections) > self._limits.max_connections:
            waiting = [one for one in connections if not one.is_answering]
            min(waiting, key=lambda one: one.waiting_since).transport.abort()

    def _close_if_unread(self) -> None:
        """Closes the connection if the client has not read its answer: the transport would wait for ever."""
        if self.transport.get_write_buffer_size():
            self.transport.abort()

    def _watch_head(self) -> None:
        """Lets the head that is being read take its time, and no longer; a request under way has a time of its own."""
        is_reading_head = not self.is_answering and not self.transport.is_closing()
        if is_reading_head and self._head_timer is None:
            self._head_timer = self.loop.call_later(self._limits.head_seconds, self.transport.abort)
        elif not is_reading_head and self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None
