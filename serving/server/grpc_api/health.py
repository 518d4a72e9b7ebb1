"""The standard health service: serving while the server is up, and not from the moment it begins to stop."""

import asyncio
from collections.abc import AsyncIterator, Iterable

from grpc_health.v1 import health_pb2

from serving.server.errors import not_found

_Status = health_pb2.HealthCheckResponse


class Health:
    """Tells who asks or watches whether services are up; watchers do not keep the server from stopping."""

    def __init__(self, services: Iterable[str]) -> None:
        """Says that all services are up; the empty name is the server as a whole."""
        self._services = frozenset(services)
        self._is_stopping = asyncio.Event()

    def stop(self) -> None:
        """Says that no service is up any more, and ends the watches."""
        self._is_stopping.set()

    def check(self, request: health_pb2.HealthCheckRequest) -> health_pb2.HealthCheckResponse:
        """Returns a service's status.

        Raises:
            RequestError: 404, there is no such service.
        """
        if request.service not in self._services:
            raise not_found(f"There is no service {request.service}")
        return self._status(request.service)

    def list(self, request: health_pb2.HealthListRequest) -> health_pb2.HealthListResponse:
        """Returns the status of all services."""
        return health_pb2.HealthListResponse(statuses={name: self._status(name) for name in self._services})

    async def watch(self, request: health_pb2.HealthCheckRequest) -> AsyncIterator[health_pb2.HealthCheckResponse]:
        """Yields a service's status now and when it changes, which is at the stop."""
        yield self._status(request.service)
        await self._is_stopping.wait()
        yield self._status(request.service)

    def _status(self, service: str) -> health_pb2.HealthCheckResponse:
        """Returns how a service is."""
        if service not in self._services:
            return _Status(status=_Status.SERVICE_UNKNOWN)
        return _Status(status=_Status.NOT_SERVING if self._is_stopping.is_set() else _Status.SERVING)
