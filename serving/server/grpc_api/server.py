"""The gRPC server: its port, its services, its start and its clean stop."""

import threading
from concurrent.futures import ThreadPoolExecutor

import grpc
from grpc_health.v1 import health_pb2_grpc
from tensorflow_serving.apis import (
    model_service_pb2,
    model_service_pb2_grpc,
    prediction_service_pb2,
    prediction_service_pb2_grpc,
)

from serving.server.backend import Backend
from serving.server.errors import ServerError
from serving.server.grpc_api.calls import Calls
from serving.server.grpc_api.health import Health
from serving.server.grpc_api.model_service import ModelService, Reload
from serving.server.grpc_api.predictions import PredictionService
from serving.server.limits import Limits

# Threads beside those that wait for a computation, so that health and status are answered under any load.
_SPARE_THREADS = 8
# After the deadline every call has been answered; what is left then are clients that do not read their answer.
_STOP_GRACE_SECONDS = 1.0
_SERVICES = (
    "",
    prediction_service_pb2.DESCRIPTOR.services_by_name["PredictionService"].full_name,
    model_service_pb2.DESCRIPTOR.services_by_name["ModelService"].full_name,
)


class GrpcServer:
    """Answers TensorFlow Serving's gRPC API.

    Attributes:
        port: The port, also where port 0 was asked for.
    """

    def __init__(self, host: str, port: int, limits: Limits) -> None:
        """Takes the port, so that one in use is known before any model is loaded; answers from `start` on.

        Raises:
            ServerError: The port cannot be had.
        """
        # Each call that waits for its computation holds a thread here; the computations have threads of their own.
        self._threads = ThreadPoolExecutor(limits.max_queued_requests + _SPARE_THREADS, "serving-grpc-call")
        options = [
            # Without this two servers share a port, and each gets a part of the calls.
            ("grpc.so_reuseport", 0),
            ("grpc.max_receive_message_length", limits.max_body_bytes),
        ]
        # What the queue has no place for is refused in a thread; what comes faster than that, by gRPC itself.
        most_calls = 2 * (limits.max_queued_requests + _SPARE_THREADS)
        self._server = grpc.server(self._threads, options=options, maximum_concurrent_rpcs=most_calls)
        address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        try:
            self.port: int = self._server.add_insecure_port(address)
        except RuntimeError as error:
            raise ServerError(f"Expected a free port for gRPC at {address}, but it cannot be had") from error
        self._health = Health(_SERVICES, self._threads)
        self._grace_seconds = limits.deadline_seconds + _STOP_GRACE_SECONDS
        self._calls: Calls | None = None

    def start(self, backend: Backend, reload: Reload | None = None) -> None:
        """Begins to answer.

        Args:
            backend: What answers.
            reload: Serves another list of models; None where the list stays as it is.
        """
        self._calls = Calls(backend)
        predictions = PredictionService(backend, self._calls)
        prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(predictions, self._server)
        models = ModelService(backend.repository, reload)
        model_service_pb2_grpc.add_ModelServiceServicer_to_server(models, self._server)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        self._server.start()

    def begin_stop(self) -> threading.Event:
        """Takes no more calls, and says so to who watches its health; calls under way go on until their deadline.

        Returns:
            Is set as soon as they are through.
        """
        self._health.stop()
        is_stopped: threading.Event = self._server.stop(self._grace_seconds)
        return is_stopped

    def close(self) -> None:
        """Waits for the calls under way, and gives the port back."""
        if self._calls is None:
            # gRPC gives back the port of a server that has run, and keeps that of one that has not.
            self._server.start()
        self.begin_stop().wait()
        if self._calls is not None:
            self._calls.close()
        self._threads.shutdown(wait=True)
