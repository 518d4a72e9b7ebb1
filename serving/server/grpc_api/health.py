"""The standard health service, whose watchers do not keep the server from stopping."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
from grpc_health.v1 import health, health_pb2


class Health(health.HealthServicer):
    """Tells who asks or watches whether services are up."""

    def __init__(self, services: Iterable[str], threads: ThreadPoolExecutor) -> None:
        """Says that all services are up; it is asked from `threads`."""
        super().__init__(experimental_thread_pool=threads)
        self._watchers: dict[int, Callable[[Any], None]] = {}
        for service in services:
            self.set(service, health_pb2.HealthCheckResponse.SERVING)

    def Watch(  # noqa: N802 (gRPC's name)
        self, request: Any, context: grpc.ServicerContext, send_response_callback: Callable[[Any], None]
    ) -> None:
        """Sends a service's status now and whenever it changes, until the client leaves or the server stops."""
        self._watchers[id(context)] = send_response_callback
        context.add_callback(lambda: self._watchers.pop(id(context), None))
        super().Watch(request, context, send_response_callback)

    def stop(self) -> None:
        """Says that no service is up any more, and ends the watches."""
        self.enter_graceful_shutdown()
        while self._watchers:
            _, send_response_callback = self._watchers.popitem()
            send_response_callback(None)
