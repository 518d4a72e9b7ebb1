"""One HTTP connection: how long and how large a client's parts of it may be, and how many connections there are."""

import asyncio
import json
from collections.abc import Sized
from typing import Any

import httptools
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from serving.server.limits import Limits

# A head, or what follows the last chunk of a body.
_MAX_HEAD_BYTES = 65_536
# What a header costs beside its text, as HTTP/2 counts it (RFC 9113, section 6.5.2).
_HEADER_BYTES = 32
# Requests that a client sends before it has the answer to the first of them.
_MAX_PIPELINED = 64
_HTTP_VERSIONS = ("1.0", "1.1")
_NOT_HTTP = "Malformed request: not HTTP/1.1, or a head that is too long"


class _Flow(FlowControl):
    """Reads no further while requests wait: an answer to one before them is no reason to."""

    def __init__(self, transport: asyncio.Transport, waiting: Sized) -> None:
        """Keeps what waits."""
        super().__init__(transport)
        self._waiting = waiting

    def resume_reading(self) -> None:
        """Reads on if there is no other request to begin with."""
        if not self._waiting:
            super().resume_reading()


class Connection(HttpToolsProtocol):
    """A connection that is closed when its client keeps it waiting, and whose errors look like all others.

    The HTTP server itself only bounds how long a connection is idle between two requests. A request is under way from
    its head's end to the end of its answer, and `Application` bounds how long that takes, and how long its body is.
    """

    def __init__(self, limits: Limits, *args: Any, **kwargs: Any) -> None:
        """Keeps the limits; the other arguments are the HTTP server's."""
        super().__init__(*args, **kwargs)
        self._limits = limits
        self._head_timer: asyncio.TimerHandle | None = None
        self._unread_timer: asyncio.TimerHandle | None = None
        # Of the request that is being read: its headers so far, and what has come since a part of it was whole.
        self._num_header_bytes = 0
        self._num_unparsed_bytes = 0
        self.waiting_since = self.loop.time()

    @property
    def is_answering(self) -> bool:
        """Tells whether a request is under way."""
        return self.cycle is not None and not self.cycle.response_complete

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begins to wait for the first request; makes room where there are too many connections."""
        super().connection_made(transport)  # type: ignore[arg-type]
        self.flow = _Flow(transport, self.pipeline)  # type: ignore[arg-type]
        self._watch_head()
        if len(self.connections) > self._limits.max_connections:
            self._make_room()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forgets the timers, and the requests that have not begun."""
        for timer in filter(None, (self._head_timer, self._unread_timer)):
            timer.cancel()
        self.pipeline.clear()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Takes what came; what is no whole head yet must become one in time, and before it is too long."""
        self._num_unparsed_bytes += len(data)
        self._unset_keepalive_if_required()
        try:
            self._parse(data)
        except httptools.HttpParserError:
            self.send_400_response(_NOT_HTTP)
        if self._num_unparsed_bytes > _MAX_HEAD_BYTES and not self.transport.is_closing():
            self.send_400_response(_NOT_HTTP)
        self._watch_head()

    def on_message_begin(self) -> None:
        """Begins to count."""
        self._num_header_bytes = 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """Takes a part of the address.

        Raises:
            ValueError: It is too long; the parser stops.
        """
        self._count_header(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Takes a header, of the head or behind a body in chunks.

        Raises:
            ValueError: All headers together are too long; the parser stops.
        """
        self._count_header(len(name) + len(value) + _HEADER_BYTES)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Begins with a request, or lets it wait for those before it.

        Raises:
            ValueError: Too many wait, or it is none that this server answers; the parser stops.
        """
        self._num_unparsed_bytes = 0
        if self.parser.get_http_version() not in _HTTP_VERSIONS or self.parser.get_method() == b"CONNECT":
            raise ValueError(_NOT_HTTP)
        if self.parser.should_upgrade():
            return
        if len(self.pipeline) == _MAX_PIPELINED:
            raise ValueError(f"Expected at most {_MAX_PIPELINED} requests that wait for others")
        super().on_headers_complete()

    def on_chunk_header(self) -> None:
        """Knows that a chunk begins."""
        self._num_unparsed_bytes = 0

    def on_body(self, body: bytes) -> None:
        """Takes a part of a body."""
        self._num_unparsed_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Knows that a request has come whole."""
        self._num_unparsed_bytes = 0
        if not self.parser.should_upgrade():
            super().on_message_complete()

    def on_response_complete(self) -> None:
        """Begins to wait for the client to read its answer, and for the next request."""
        self.waiting_since = self.loop.time()
        if self._unread_timer is not None:
            self._unread_timer.cancel()
        self._unread_timer = self.loop.call_later(self._limits.unread_seconds, self._close_if_unread)
        super().on_response_complete()
        if self._num_unparsed_bytes:
            self._watch_head()

    def send_400_response(self, msg: str) -> None:
        """Answers what is not HTTP as every other error, and closes; only closes where an answer has begun."""
        if not self.pipeline and not (self.is_answering and self.cycle.response_started):
            body = json.dumps({"error": msg}).encode("ascii")
            head = "HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: "
            self.transport.write(f"{head}{len(body)}\r\n\r\n".encode("ascii") + body)
        self.transport.close()

    def _parse(self, data: bytes) -> None:
        """Parses what came.

        Java's client proposes HTTP/2 with every request, as curl does with `--http2`, and sends it in HTTP/1.1 all the
        same; but the parser does not read the body behind such a head, so it is read again without the proposal.

        Raises:
            httptools.HttpParserError: It is not HTTP, or too much of something.
        """
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as proposal:
            (num_parsed,) = proposal.args
            start = b"%s %s HTTP/1.1\r\n" % (self.parser.get_method(), self.url)
            headers = (b"%s: %s\r\n" % header for header in self.headers if header[0] != b"upgrade")
            self.parser = httptools.HttpRequestParser(self)
            # As the HTTP server has it: what follows a last request is passed over.
            self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
            self._parse(start + b"".join(headers) + b"\r\n" + data[num_parsed:])

    def _count_header(self, num_bytes: int) -> None:
        """Adds to what the headers of a request take.

        Raises:
            ValueError: It is too much.
        """
        self._num_header_bytes += num_bytes
        if self._num_header_bytes > _MAX_HEAD_BYTES:
            raise ValueError(_NOT_HTTP)

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
