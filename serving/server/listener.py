"""The process around the application: its ports, the start and the clean stop."""

import asyncio
import contextlib
import functools
import socket
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from serving.server.admission import Admission, BodySpace
from serving.server.backend import Backend
from serving.server.errors import ServerError
from serving.server.front import Front
from serving.server.grpc_api.server import GrpcServer
from serving.server.http_server import serve_until_stopped
from serving.server.limits import Limits
from serving.server.metrics import Metrics
from serving.server.models.config_files import ConfigFile
from serving.server.models.managing import ModelManager
from serving.server.models.running import Runner
from serving.server.models.sources import ModelSource, named_sources, sources_in_folder
from serving.server.rest.application import Application
from serving.server.rest.cross_origin import CrossOrigin
from serving.server.settings import Settings
from serving.server.signals import signals_that_stop
from serving.server.site.application import make_site
from serving.server.summaries import ServerSummary, summarise


def serve(
    settings: Settings,
    limits: Limits = Limits(),  # noqa: B008 (frozen)
    on_ready: Callable[[ServerSummary], None] | None = None,
    on_answered: Callable[[], None] | None = None,
) -> None:
    """Serves models until SIGINT, SIGTERM or SIGHUP, then finishes the requests under way and returns.

    Both ports answer from the beginning: while the models are loaded, `/healthz` says 200, `/readyz` 503, and who asks
    a model that is not there yet is told to come again.

    Args:
        settings: What is served, and where.
        limits: What a request may ask.
        on_ready: Called once, from another thread, as soon as what there is has been loaded; what it raises stops the
            server.
        on_answered: Called once a signal has come and every request is answered. It may end the process, which need
            not wait for a version that is being loaded then: TensorFlow cannot stop that.

    Raises:
        ServerError: The port cannot be had, the settings are not right, or not one version of any model loads.
    """
    with (
        signals_that_stop() as stop,
        _listen(settings.host, settings.port) as listening_socket,
        _listen_for_grpc(settings, limits) as grpc_server,
    ):
        bound_host, bound_port = listening_socket.getsockname()[:2]
        grpc_port = None if grpc_server is None else grpc_server.port
        manager = _make_manager(settings, limits)
        manager.find()
        repository = manager.repository
        metrics = Metrics(repository.knows)
        runner = Runner(settings.batching, limits, metrics)
        admission = Admission(limits.max_queued_requests)
        backend = Backend(repository, runner, metrics, admission, BodySpace(limits.max_bodies_bytes), limits)
        application = Application(backend)
        contract = CrossOrigin(application, metrics, settings.rest_api_enable_cors_support)
        front = Front(contract, make_site(repository, metrics if settings.monitoring else None))

        def start() -> None:
            manager.load()
            if manager.is_stopped:
                return
            if grpc_server is not None:
                grpc_server.begin_serving()
            if on_ready is not None:
                on_ready(ServerSummary(bound_host, bound_port, grpc_port, summarise(repository)))

        def begin_stop() -> None:
            manager.begin_stop()
            if grpc_server is not None:
                grpc_server.begin_stop()

        def end_stop() -> None:
            if grpc_server is not None:
                grpc_server.begin_stop().result()
            if on_answered is not None:
                on_answered()

        try:
            if grpc_server is not None:
                grpc_server.start(backend, manager.reload)
            asyncio.run(serve_until_stopped(front, listening_socket, limits, start, begin_stop, end_stop, stop))
        finally:
            if grpc_server is not None:
                # Before the models that it answers from.
                grpc_server.close()
            application.close()
            runner.close()
            manager.close()


def _make_manager(settings: Settings, limits: Limits) -> ModelManager:
    """Returns what keeps the models; a config file is read as often as it says, a folder each time.

    Raises:
        ServerError: Not exactly one of the two is given, or a time is none that one can wait.
    """
    models, path = settings.models, settings.model_config_file
    if models is not None and path is None:
        find = functools.partial(_find_sources, models)
        return ModelManager(find, limits, settings.poll_seconds)
    if models is None and path is not None:
        file = ConfigFile(path)
        wait_seconds = settings.model_config_file_poll_wait_seconds
        return ModelManager(list, limits, settings.poll_seconds, file, wait_seconds)
    got = "neither" if models is None else "both"
    raise ServerError(f"Expected either a folder of models or a model config file, got {got}")


def _find_sources(models: Path | Callable[[], Mapping[str, Path]]) -> list[ModelSource]:
    return named_sources(models()) if callable(models) else sources_in_folder(models)


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
