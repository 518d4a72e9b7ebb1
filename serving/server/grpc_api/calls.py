"""One call from its head to its answer: a place, the message by its deadline, a thread, gRPC's errors, and metrics.

Messages are taken from gRPC as bytes, and every method as a stream of them, which to a client is the same: so the
deadline runs from the call's head, slow messages included, and a large message is read in a worker thread.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import grpc
import tensorflow as tf
from google.protobuf.message import DecodeError

from serving.server.admission import Admission, BodyShare
from serving.server.answering import Answering, Prediction, Terms
from serving.server.backend import Backend
from serving.server.errors import RequestError, code_name, deadline_exceeded, forget_frames, invalid_argument

logger = logging.getLogger(__name__)

_STATUS_CODES = {code.value[0]: code for code in grpc.StatusCode}
# gRPC sends an error's text percent-encoded, up to three times as long, in a head of 8 KiB.
_MAX_DETAIL_BYTES = 2048

Messages = AsyncIterator[bytes]


class _Model:
    """The model that a call is about.

    Attributes:
        name: Its name, as the client wrote it; empty until the message has been read.
    """

    name = ""


class Calls:
    """Makes gRPC's handlers of functions from message to message; lives in one event loop."""

    def __init__(self, backend: Backend) -> None:
        """Starts the worker threads' pool."""
        self._backend = backend
        self._limits = backend.limits
        self._answering = Answering(backend, "serving-grpc")

    def close(self) -> None:
        """Waits for the worker threads; no call may come afterwards."""
        self._answering.close()

    def computation(self, api: str, message: Any, read: Callable[[Any, Terms], Prediction]) -> grpc.RpcMethodHandler:
        """Returns the handler of what is computed: it takes a place in the queue, and is counted and timed.

        Args:
            api: What is asked, such as `Predict`.
            message: The request's class.
            read: Returns what must be run for a request; runs in a worker thread.
        """

        async def behave(messages: Messages, context: grpc.aio.ServicerContext) -> bytes:
            model, start = _Model(), time.monotonic()

            def read_bytes(data: bytes, terms: Terms) -> Prediction:
                request = _parse(message, data)
                model.name = request.model_spec.name
                return read(request, terms)

            written, error = await _attempt(api, self._compute(messages, context, read_bytes))
            self._backend.metrics.count_request(model.name, code_name(tf.errors.OK if error is None else error.code))
            if error is not None:
                await _abort(context, error)
            self._backend.metrics.observe_request(model.name, api, "GRPC", time.monotonic() - start)
            return written

        return grpc.stream_unary_rpc_method_handler(behave)

    def question(
        self, api: str, message: Any, answer: Callable[[Any], Any], places: Admission, takes_long: bool = False
    ) -> grpc.RpcMethodHandler:
        """Returns the handler of what is known without a computation, whatever is being computed.

        Args:
            api: What is asked, such as `GetModelStatus`.
            message: The request's class.
            answer: Makes the answer of the request.
            places: Where such calls take their place.
            takes_long: Whether the answer is made in a thread, for as long as it takes.
        """

        async def respond(messages: Messages, context: grpc.aio.ServicerContext) -> bytes:
            with _place(places):
                async with _by_deadline(self._seconds(context)):
                    request = _parse(message, await _receive(messages))
                made = await asyncio.to_thread(answer, request) if takes_long else answer(request)
                return bytes(made.SerializeToString())

        async def behave(messages: Messages, context: grpc.aio.ServicerContext) -> bytes:
            written, error = await _attempt(api, respond(messages, context))
            if error is not None:
                await _abort(context, error)
            return written

        return grpc.stream_unary_rpc_method_handler(behave)

    def watch(
        self, message: Any, answers: Callable[[Any], AsyncIterator[Any]], places: Admission
    ) -> grpc.RpcMethodHandler:
        """Returns the handler of what is answered whenever something changes.

        Args:
            message: The request's class.
            answers: Makes the answers of the request.
            places: Where such calls take their place.
        """

        async def behave(messages: Messages, context: grpc.aio.ServicerContext) -> AsyncIterator[bytes]:
            try:
                with _place(places):
                    async with _by_deadline(self._seconds(context)):
                        request = _parse(message, await _receive(messages))
                    async for answer in answers(request):
                        yield answer.SerializeToString()
            except RequestError as error:
                await _abort(context, error)

        return grpc.stream_stream_rpc_method_handler(behave)

    def _seconds(self, context: grpc.aio.ServicerContext) -> float:
        """Returns how long a call that begins now may take: as the client says, at most what the limits say."""
        remaining = context.time_remaining()
        return self._limits.deadline_seconds if remaining is None else min(remaining, self._limits.deadline_seconds)

    async def _compute(
        self, messages: Messages, context: grpc.aio.ServicerContext, read: Callable[[bytes, Terms], Prediction]
    ) -> bytes:
        """Returns the answer to a call that gets a place in the queue and is done by the deadline.

        Raises:
            RequestError: 503, the queue is full, or all messages together are too large; 504, the deadline has passed;
                and whatever the reading, the run and the writing say.
        """
        seconds = self._seconds(context)
        deadline = time.monotonic() + seconds
        self._backend.admission.take()
        share = BodyShare(self._backend.body_space)
        with contextlib.ExitStack() as held:
            held.callback(self._backend.admission.release)
            held.callback(share.release)
            async with _by_deadline(seconds):
                data = await _receive(messages)
                share.add(len(data))
                terms = Terms(deadline, len(data), held.enter_context(contextlib.ExitStack()))
                prediction = await self._answering.work(lambda: read(data, terms), held)
                return await self._answering.answer(prediction, held)


async def _receive(messages: Messages) -> bytes:
    """Returns a call's message.

    Raises:
        RequestError: 400, there is none.
    """
    async for message in messages:
        return message
    raise invalid_argument("The call has no message")


async def _abort(context: grpc.aio.ServicerContext, error: RequestError) -> None:
    """Ends a call with an error; raises what gRPC wants to see."""
    details = error.message.encode("utf-8", errors="replace")[:_MAX_DETAIL_BYTES].decode("utf-8", errors="ignore")
    await context.abort(_STATUS_CODES.get(error.code, grpc.StatusCode.UNKNOWN), details)


@contextlib.contextmanager
def _place(places: Admission) -> Iterator[None]:
    """Holds a place.

    Raises:
        RequestError: 503, there is none.
    """
    places.take()
    try:
        yield
    finally:
        places.release()


@contextlib.asynccontextmanager
async def _by_deadline(seconds: float) -> AsyncIterator[None]:
    """Ends what takes longer.

    Raises:
        RequestError: 504, it did.
    """
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError:
        raise deadline_exceeded(f"Deadline exceeded: no answer within {seconds:g} seconds") from None


async def _attempt(api: str, answering: Awaitable[bytes]) -> tuple[bytes, RequestError | None]:
    """Returns an answer, or why there is none."""
    try:
        return await answering, None
    except RequestError as error:
        forget_frames(error)
        return b"", error
    except Exception:
        logger.exception("%s failed", api)
        return b"", RequestError(tf.errors.INTERNAL, "Internal error of the server")


def _parse(message: Any, data: bytes) -> Any:
    """Returns the message that bytes hold.

    Raises:
        RequestError: 400, they hold none.
    """
    try:
        return message.FromString(data)
    except DecodeError:
        raise invalid_argument(f"The request is not a {message.DESCRIPTOR.full_name}") from None
