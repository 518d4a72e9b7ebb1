"""The contract as an ASGI application: admits a request, reads its body by the deadline, answers it by the deadline."""

import asyncio
import contextlib
import json
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import Any

import tensorflow as tf
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from serving.server.admission import BodyShare
from serving.server.answering import Answering, Prediction, Terms
from serving.server.backend import Backend
from serving.server.descriptions import describe_signatures, describe_status
from serving.server.errors import RequestError, code_name, deadline_exceeded, forget_frames
from serving.server.rest.bodies import inflate, is_gzip, is_small, may_be_large, read_body
from serving.server.rest.leaving import while_connected
from serving.server.rest.predictions import PredictionReader
from serving.server.rest.routes import Route, parse_route

logger = logging.getLogger(__name__)

_JSON = "application/json"
# Large bodies wait for each other, so they have threads of their own: while one is parsed, another may run its graph.
_LARGE_BODY_THREADS = 2
_SECONDS_BEFORE_NEXT_TRY = "1"


class Application:
    """Answers TensorFlow Serving's REST API over a backend."""

    def __init__(self, backend: Backend) -> None:
        """Starts the worker threads' pools."""
        self._backend = backend
        self._limits = backend.limits
        self._reader = PredictionReader(backend)
        self._answering = Answering(backend, "serving-rest")
        self._large_workers = ThreadPoolExecutor(_LARGE_BODY_THREADS, thread_name_prefix="serving-rest-large")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one HTTP request."""
        request = Request(scope, receive)
        start = time.monotonic()
        route, error = None, None
        try:
            route = parse_route(request.method, _target(request))
            response = await self._respond(request, route)
        except RequestError as refusal:
            error = refusal
        except ClientDisconnect:
            return
        except Exception:
            logger.exception("%s %s failed", request.method, _target(request))
            error = RequestError(tf.errors.INTERNAL, "Internal error of the server")
        if error is not None:
            response = _error_response(error)
        self._record(route, error, time.monotonic() - start)
        await response(scope, receive, send)

    def close(self) -> None:
        """Waits for the worker threads; no request may come afterwards."""
        self._large_workers.shutdown(wait=True, cancel_futures=True)
        self._answering.close()

    def _record(self, route: Route | None, error: RequestError | None, seconds: float) -> None:
        """Counts a request, and times it if it succeeded, as TensorFlow Serving does."""
        model = "" if route is None else route.name
        self._backend.metrics.count_request(model, "OK" if error is None else code_name(error.code))
        if route is not None and error is None:
            api = "" if route.verb in ("status", "metadata") else route.verb
            self._backend.metrics.observe_request(model, api, "REST", seconds)

    async def _respond(self, request: Request, route: Route) -> Response:
        """Returns the answer to a request.

        Raises:
            RequestError: It cannot be answered as asked.
        """
        if route.verb in ("status", "metadata"):
            describe = describe_status if route.verb == "status" else describe_signatures
            return _json_response(describe(self._backend.repository, route.name, route.version, route.label))
        return Response(await self._predict(request, route), media_type=_JSON)

    async def _predict(self, request: Request, route: Route) -> bytes:
        """Returns the answer of a prediction that gets a place in the queue and is done by the deadline.

        Raises:
            RequestError: 503, the queue is full; 504, the deadline has passed; and whatever the prediction says.
            starlette.requests.ClientDisconnect: The client has left.
        """
        deadline = time.monotonic() + self._limits.deadline_seconds
        self._backend.admission.take()
        share = BodyShare(self._backend.body_space)
        with contextlib.ExitStack() as held:
            held.callback(self._backend.admission.release)
            held.callback(share.release)
            try:
                async with asyncio.timeout(self._limits.deadline_seconds):
                    body = await read_body(request, self._limits, share)
                    async with while_connected(request):
                        prediction = await self._read(request, route, body, share, deadline, held)
                        return await self._answering.answer(prediction, held)
            except TimeoutError:
                seconds = self._limits.deadline_seconds
                raise deadline_exceeded(f"Deadline exceeded: no answer within {seconds:g} seconds") from None

    async def _read(
        self,
        request: Request,
        route: Route,
        body: bytes,
        share: BodyShare,
        deadline: float,
        held: contextlib.ExitStack,
    ) -> Prediction:
        """Returns what a body asks for; one that is small is read more quickly than it is handed to a thread."""
        lease = held.enter_context(contextlib.ExitStack())
        is_compressed = is_gzip(request)

        def read() -> Prediction:
            inflated = inflate(body, self._limits, share) if is_compressed else body
            return self._reader.read(route, inflated, Terms(deadline, len(inflated), lease))

        if route.verb == "predict" and is_small(body, is_compressed):
            return read()
        workers = self._large_workers if may_be_large(body, is_compressed) else None
        return await self._answering.work(read, held, workers)


def _target(request: Request) -> str:
    """Returns path and query string as the client sent them."""
    path: bytes = request.scope.get("raw_path") or request.scope["path"].encode("utf-8")
    query: bytes = request.scope["query_string"]
    return (path + b"?" + query if query else path).decode("latin-1")


def _json_response(content: dict[str, Any]) -> Response:
    """Returns a description as an answer."""
    return Response(json.dumps(content), media_type=_JSON)


def _error_response(error: RequestError) -> Response:
    """Returns an error as an answer; one that may pass by itself says when to try again."""
    forget_frames(error)
    is_overload = error.status == HTTPStatus.SERVICE_UNAVAILABLE
    headers = {"retry-after": _SECONDS_BEFORE_NEXT_TRY} if is_overload else {}
    if error.status == HTTPStatus.GATEWAY_TIMEOUT:
        # The rest of a body that came too slowly is not waited for.
        headers["connection"] = "close"
    return Response(json.dumps({"error": error.message}), error.status, headers, _JSON)
