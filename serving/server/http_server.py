"""The HTTP server around the application: it answers from the first moment, loads meanwhile, and stops cleanly."""

import asyncio
import contextlib
import functools
import math
import socket
from collections.abc import Callable, Generator

import uvicorn

from serving.server.front import Front
from serving.server.limits import Limits
from serving.server.rest.connections import Connection
from serving.server.signals import StopRequest

# An idle connection is kept this long, so that a player who thinks does not have to connect again.
_KEEP_ALIVE_SECONDS = 75
_START_POLL_SECONDS = 0.01
# As often as the HTTP server itself looks whether it is to stop.
_STOP_POLL_SECONDS = 0.1
# After the deadline every request has been answered; what is left then are clients that do not read their answer.
_STOP_GRACE_SECONDS = 1.0


async def serve_until_stopped(
    front: Front,
    listening_socket: socket.socket,
    limits: Limits,
    start: Callable[[], None],
    begin_stop: Callable[[], None],
    end_stop: Callable[[], None],
    stop: StopRequest,
) -> None:
    """Runs the HTTP server until it is to stop, or what is started fails.

    Args:
        front: Answers the requests, also while `start` works.
        listening_socket: Where they come from.
        limits: What a request may ask.
        start: Called in a thread of its own as soon as requests are answered; what it raises stops the server.
        begin_stop: Called when the stop begins.
        end_stop: Called when a signal has asked for it and every request is answered, before `start` is waited for,
            where that still works.
        stop: Whether the server is to stop.
    """
    server = _Server(_http_configuration(front, limits))
    running = asyncio.create_task(server.serve(sockets=[listening_socket]))
    while not server.started and not running.done():
        await asyncio.sleep(_START_POLL_SECONDS)
    if not server.started:
        await running
        return
    starting = asyncio.create_task(asyncio.to_thread(start))
    try:
        while not (stop.is_made or running.done() or _has_failed(starting)):
            await asyncio.sleep(_STOP_POLL_SECONDS)
        begin_stop()
    finally:
        server.should_exit = True
        while not running.done():
            server.force_exit |= stop.is_urgent
            await asyncio.wait({running}, timeout=_STOP_POLL_SECONDS)
        await running
        if stop.is_made:
            end_stop()
        await starting


class _Server(uvicorn.Server):
    """The HTTP server, which leaves all signals to others: by itself it knows no SIGHUP, and none that is ignored."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Captures none."""
        yield


def _has_failed(task: "asyncio.Task[None]") -> bool:
    """Tells whether a task has raised something."""
    return task.done() and (task.cancelled() or task.exception() is not None)


def _http_configuration(front: Front, limits: Limits) -> uvicorn.Config:
    """Returns how the HTTP server runs: plain HTTP/1.1, its messages through the standard logging module."""
    return uvicorn.Config(
        front,
        http=functools.partial(Connection, limits),  # type: ignore[arg-type]
        loop="asyncio",
        ws="none",
        lifespan="off",
        log_config=None,
        # Its warnings tell of clients that send no HTTP: nobody may fill a disk with them.
        log_level="error",
        proxy_headers=False,
        access_log=False,
        server_header=False,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=math.ceil(limits.deadline_seconds + _STOP_GRACE_SECONDS),
    )
