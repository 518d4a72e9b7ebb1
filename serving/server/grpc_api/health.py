"""The standard health service: serving from the moment the models are loaded until the server begins to stop."""

import asyncio
from collections.abc import AsyncIterator, Iterable

from grpc_health.v1 import health_pb2

from serving.server.errors import not_found

_Status = health_pb2.HealthCheckResponse


class Health:
    """Tells who asks or watches whether services are up; watchers do not keep the server from stopping.

    The real server does not listen before its models are loaded: a check of its health fails as long.
    """

    def __init__(self, services: Iterable[str]) -> None:
        """Says that no service is up yet; the empty name is the server as a whole."""
        self._services = frozenset(services)
        self._is_serving = asyncio.Event()
        self._is_stopping = asyncio.Event()

    def begin(self) -> None:
        """Says that all services are up; after `stop` it changes nothing."""
        self._is_serving.set()

    def stop(self) -> None:
        """Says that no service is up any more, and ends the watches."""
        self._is_stopping.set()
        self._is_serving.set()

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
        """Yields a service's status now and when it changes: once it serves, and at the stop."""
        told = self._status(request.service)
        yield told
        for change in (self._is_serving, self._is_stopping):
            await change.wait()
            if (status := self._status(request.service)) != told:
                yield (told := status)

    def _status(self, service: str) -> health_pb2.HealthCheckResponse:
        """Returns how a service is."""
        if service not in self._services:
            return _Status(status=_Status.SERVICE_UNKNOWN)
        is_up = self._is_serving.is_set() and not self._is_stopping.is_set()
        return _Status(status=_Status.SERVING if is_up else _Status.NOT_SERVING)
