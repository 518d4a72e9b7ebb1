"""The process around the application: the socket, the signals, the start and the clean stop."""

import asyncio
import contextlib
import functools
import logging
import math
import signal
import socket
import threading
from collections.abc import Callable, Iterator

import uvicorn

from serving.server.admission import Admission, BodySpace
from serving.server.backend import Backend
from serving.server.errors import ServerError
from serving.server.front import Front
from serving.server.grpc_api.server import GrpcServer
from serving.server.limits import Limits
from serving.server.metrics import Metrics
from serving.server.models.managing import ModelManager
from serving.server.models.running import Runner
from serving.server.models.sources import ModelSource, sources_in_file, sources_in_folder
from serving.server.rest.application import Application
from serving.server.rest.connections import Connection
from serving.server.settings import Settings
from serving.server.site.application import make_site
from serving.server.summaries import ServerSummary, summarise

logger = logging.getLogger(__name__)

_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)
# An idle connection is kept this long, so that a player who thinks does not have to connect again.
_KEEP_ALIVE_SECONDS = 75
_START_POLL_SECONDS = 0.01
# As often as the HTTP server itself looks whether a signal has come.
_STOP_POLL_SECONDS = 0.1
# After the deadline every request has been answered; what is left then are clients that do not read their answer.
_STOP_GRACE_SECONDS = 1.0


def serve(
    settings: Settings,
    limits: Limits = Limits(),  # noqa: B008 (frozen)
    on_ready: Callable[[ServerSummary], None] | None = None,
) -> None:
    """Serves models until SIGINT or SIGTERM, then finishes the requests under way and returns.

    Args:
        settings: What is served, and where.
        limits: What a request may ask.
        on_ready: Called once, from another thread, as soon as requests are answered; what it raises stops the server.

    Raises:
        ServerError: The port cannot be had, or there is no model to serve.
    """
    with (
        _listen(settings.host, settings.port) as listening_socket,
        _listen_for_grpc(settings, limits) as grpc_server,
    ):
        bound_host, bound_port = listening_socket.getsockname()[:2]
        grpc_port = None if grpc_server is None else grpc_server.port
        manager = ModelManager(_sources(settings), limits, settings.poll_seconds)
        manager.load()
        repository = manager.repository
        metrics = Metrics(repository.knows)
        runner = Runner(settings.batching, limits, metrics)
        admission = Admission(limits.max_queued_requests)
        backend = Backend(repository, runner, metrics, admission, BodySpace(limits.max_bodies_bytes), limits)
        application = Application(backend)
        front = Front(application, make_site(repository, metrics if settings.monitoring else None))

        def report() -> None:
            if on_ready is not None:
                on_ready(ServerSummary(bound_host, bound_port, grpc_port, summarise(repository)))

        def begin_stop() -> None:
            if grpc_server is not None:
                grpc_server.begin_stop()

        try:
            if grpc_server is not None:
                grpc_server.start(backend, manager.reload)
            asyncio.run(_serve_until_stopped(front, listening_socket, limits, report, begin_stop))
        finally:
            if grpc_server is not None:
                # Before the models that it answers from.
                grpc_server.close()
            application.close()
            runner.close()
            manager.close()


@contextlib.contextmanager
def _listen_for_grpc(settings: Settings, limits: Limits) -> Iterator[GrpcServer | None]:
    """Yields the gRPC server with its port taken, or None where there is to be none; closes it afterwards.

    Raises:
        ServerError: The port cannot be had.
    """
    if settings.grpc_port is None:
        yield None
        return
    # gRPC does not say why it cannot have a port, the operating system does.
    _listen(settings.host, settings.grpc_port).close()
    server = GrpcServer(settings.host, settings.grpc_port, limits, settings.grpc_channel_arguments)
    try:
        yield server
    finally:
        server.close()


def _listen(host: str, port: int) -> socket.socket:
    """Returns a listening socket, before any model is loaded, so that a port in use is known at once.

    Raises:
        ServerError: The address or port cannot be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named because asyncio turns Nagle's algorithm off only on sockets that name it; left on, each
    # answer on a kept connection waits 40 ms for an acknowledgement.
    listening_socket = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening_socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening_socket.bind((host, port))
        listening_socket.listen()
    except (OSError, OverflowError) as error:
        listening_socket.close()
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise ServerError(f"Expected a free port at {host}:{port}, but it cannot be had: {reason}") from error
    return listening_socket


def _sources(settings: Settings) -> Callable[[], list[ModelSource]]:
    """Returns the function that finds what is to be served; a config file is read once, a folder each time.

    Raises:
        ServerError: Not exactly one of the two is given, or the file is not right.
    """
    models, file = settings.models, settings.model_config_file
    if models is not None and file is None:
        return functools.partial(sources_in_folder, models)
    if models is None and file is not None:
        sources = sources_in_file(file)
        return lambda: sources
    got = "neither" if models is None else "both"
    raise ServerError(f"Expected either a folder of models or a model config file, got {got}")


async def _serve_until_stopped(
    front: Front,
    listening_socket: socket.socket,
    limits: Limits,
    report: Callable[[], None],
    begin_stop: Callable[[], None],
) -> None:
    """Runs the HTTP server until a signal stops it; reports once it answers, and says when the stop begins."""
    server = uvicorn.Server(_http_configuration(front, limits))
    with _signals_that_only_stop() as is_stop_requested:
        running = asyncio.create_task(server.serve(sockets=[listening_socket]))
        while not server.started and not running.done():
            await asyncio.sleep(_START_POLL_SECONDS)
        try:
            if server.started:
                await asyncio.to_thread(report)
            # A signal that came before the HTTP server took over the handling of signals.
            server.should_exit |= is_stop_requested.is_set()
            while not (server.should_exit or running.done()):
                await asyncio.sleep(_STOP_POLL_SECONDS)
            begin_stop()
        except BaseException:
            server.should_exit = True
            raise
        finally:
            await running


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


@contextlib.contextmanager
def _signals_that_only_stop() -> Iterator[threading.Event]:
    """Keeps the stop signals from ending the process; yields an event that is set when one comes.

    The HTTP server catches these signals, stops cleanly, and then raises them again for whoever handled them before:
    with Python's own handlers that would be a traceback or a killed process after a stop that went well.
    """
    requested = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield requested
        return
    previous = {number: signal.signal(number, lambda *_: requested.set()) for number in _STOP_SIGNALS}
    try:
        yield requested
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
