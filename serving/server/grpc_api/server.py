"""The gRPC server: its port, its services, its start and its clean stop, in an event loop and a thread of its own."""

import asyncio
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from typing import Any

import grpc
from grpc_health.v1 import health_pb2
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_management_pb2,
    model_service_pb2,
    predict_pb2,
    prediction_service_pb2,
    regression_pb2,
)

from serving.server.admission import Admission
from serving.server.backend import Backend
from serving.server.errors import ServerError
from serving.server.grpc_api.calls import Calls
from serving.server.grpc_api.health import Health
from serving.server.grpc_api.model_service import ModelService, Reload
from serving.server.grpc_api.predictions import PredictionService
from serving.server.limits import Limits

_PREDICTION = prediction_service_pb2.DESCRIPTOR.services_by_name["PredictionService"].full_name
_MODEL = model_service_pb2.DESCRIPTOR.services_by_name["ModelService"].full_name
_HEALTH = health_pb2.DESCRIPTOR.services_by_name["Health"].full_name

# An idle connection is kept this long; a client opens another one by itself.
_KEEP_ALIVE_SECONDS = 75
# After the deadline every call has been answered; what is left then are clients that do not read their answer.
_STOP_GRACE_SECONDS = 1.0
_MILLISECONDS = 1000

Methods = dict[str, grpc.RpcMethodHandler]
Option = tuple[str, int | str]


class GrpcServer:
    """Answers TensorFlow Serving's gRPC API.

    Attributes:
        port: The port, also where port 0 was asked for.
    """

    def __init__(self, host: str, port: int, limits: Limits, channel_arguments: str = "") -> None:
        """Takes the port, so that one in use is known before any model is loaded; answers from `start` on.

        Raises:
            ServerError: The port cannot be had, or an argument is none.
        """
        # Of two for one name gRPC takes the first.
        options = list({**dict(_options(limits)), **dict(_channel_arguments(channel_arguments))}.items())
        self._grace_seconds = limits.deadline_seconds + _STOP_GRACE_SECONDS
        self._calls: Calls | None = None
        # The real server's names have no package before them; the protocol's own have.
        services = (_PREDICTION, _MODEL)
        self._health = Health(("", *services, *(name.rpartition(".")[2] for name in services)))
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="serving-grpc", daemon=True)
        self._thread.start()
        address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        try:
            self._server, self.port = self._begin(_take_port(address, options)).result()
        except RuntimeError as error:
            self._end_loop()
            raise ServerError(f"Expected a free port for gRPC at {address}, but it cannot be had") from error

    def start(self, backend: Backend, reload: Reload) -> None:
        """Begins to answer; health is not serving before `begin_serving`.

        Args:
            backend: What answers.
            reload: Serves another list of models.
        """
        self._calls = Calls(backend)
        services = {
            _PREDICTION: _prediction_service(self._calls, PredictionService(backend), backend.limits),
            _MODEL: _model_service(self._calls, ModelService(backend.repository, reload), backend.limits),
            _HEALTH: _health_service(self._calls, self._health, backend.limits),
        }
        handlers = [grpc.method_handlers_generic_handler(name, methods) for name, methods in services.items()]
        self._server.add_generic_rpc_handlers(handlers)
        self._begin(self._server.start()).result()

    def begin_serving(self) -> None:
        """Says to who asks for its health, or watches it, that it serves."""
        self._loop.call_soon_threadsafe(self._health.begin)

    def begin_stop(self) -> "Future[None]":
        """Takes no more calls, and says so to who watches its health; calls under way go on until their deadline.

        Returns:
            Is done as soon as they are through.
        """
        return self._begin(self._stop())

    def close(self) -> None:
        """Waits for the calls under way, and gives the port back; closed again, it does nothing."""
        if self._loop.is_closed():
            return
        if self._calls is None:
            # gRPC gives back the port of a server that has run, and keeps that of one that has not.
            self._begin(self._server.start()).result()
        self.begin_stop().result()
        if self._calls is not None:
            self._calls.close()
        self._end_loop()

    async def _stop(self) -> None:
        """Stops the server; in its event loop."""
        self._health.stop()
        await self._server.stop(self._grace_seconds)

    def _begin(self, work: Coroutine[Any, Any, Any]) -> "Future[Any]":
        """Begins work in the event loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def _end_loop(self) -> None:
        """Ends the event loop and the threads that it has."""
        self._begin(self._loop.shutdown_default_executor()).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


async def _take_port(address: str, options: list[Option]) -> tuple[grpc.aio.Server, int]:
    """Returns a server without services, and its port.

    Raises:
        RuntimeError: The port cannot be had.
    """
    server = grpc.aio.server(options=options)
    return server, server.add_insecure_port(address)


def _options(limits: Limits) -> list[Option]:
    """Returns what gRPC is to know of the limits."""
    return [
        # Without this two servers share a port, and each gets a part of the calls.
        ("grpc.so_reuseport", 0),
        ("grpc.max_receive_message_length", limits.max_body_bytes),
        ("grpc.max_allowed_incoming_connections", limits.max_connections),
        ("grpc.server_handshake_timeout_ms", int(limits.head_seconds * _MILLISECONDS)),
        ("grpc.max_connection_idle_ms", _KEEP_ALIVE_SECONDS * _MILLISECONDS),
    ]


def _channel_arguments(text: str) -> list[Option]:
    """Returns arguments for gRPC, which are numbers where they can be.

    Raises:
        ServerError: One has no name or no value.
    """
    pairs = [argument.partition("=") for argument in text.split(",")] if text else []
    if not all(name and value for name, _, value in pairs):
        raise ServerError(f"Expected NAME=VALUE,... as arguments for gRPC, got {text}")
    return [(name, int(value) if value.removeprefix("-").isdecimal() else value) for name, _, value in pairs]


def _prediction_service(calls: Calls, service: PredictionService, limits: Limits) -> Methods:
    """Returns the methods of PredictionService; any other is UNIMPLEMENTED."""
    questions = Admission(limits.max_queued_requests)
    metadata = get_model_metadata_pb2.GetModelMetadataRequest
    return {
        "Predict": calls.computation("Predict", predict_pb2.PredictRequest, service.predict),
        "Classify": calls.computation("Classify", classification_pb2.ClassificationRequest, service.classify),
        "Regress": calls.computation("Regress", regression_pb2.RegressionRequest, service.regress),
        "GetModelMetadata": calls.question("GetModelMetadata", metadata, service.describe, questions),
    }


def _model_service(calls: Calls, service: ModelService, limits: Limits) -> Methods:
    """Returns the methods of ModelService."""
    questions, reloads = Admission(limits.max_queued_requests), Admission(limits.request_threads)
    status, reload = get_model_status_pb2.GetModelStatusRequest, model_management_pb2.ReloadConfigRequest
    return {
        "GetModelStatus": calls.question("GetModelStatus", status, service.describe, questions),
        "HandleReloadConfigRequest": calls.question(
            "HandleReloadConfigRequest", reload, service.serve, reloads, takes_long=True
        ),
    }


def _health_service(calls: Calls, health: Health, limits: Limits) -> Methods:
    """Returns the methods of the standard health service, whose watchers take no place from those who ask."""
    questions, watchers = Admission(limits.max_queued_requests), Admission(limits.max_queued_requests)
    return {
        "Check": calls.question("Check", health_pb2.HealthCheckRequest, health.check, questions),
        "List": calls.question("List", health_pb2.HealthListRequest, health.list, questions),
        "Watch": calls.watch(health_pb2.HealthCheckRequest, health.watch, watchers),
    }
