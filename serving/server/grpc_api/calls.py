"""What every call has in common: a place in the queue, a worker thread, a deadline, gRPC's errors, and metrics."""

import logging
import time
from collections.abc import Callable
from concurrent.futures import CancelledError, ThreadPoolExecutor
from typing import Any, NoReturn

import grpc
import tensorflow as tf

from serving.server.backend import Backend
from serving.server.errors import RequestError, code_name, deadline_exceeded

logger = logging.getLogger(__name__)

_STATUS_CODES = {code.value[0]: code for code in grpc.StatusCode}
# gRPC sends an error's text percent-encoded, up to three times as long, in a head of 8 KiB.
_MAX_DETAIL_BYTES = 2048


class Calls:
    """Answers calls; used by many threads."""

    def __init__(self, backend: Backend) -> None:
        """Starts the worker threads' pool."""
        self._backend = backend
        self._workers = ThreadPoolExecutor(backend.limits.request_threads, thread_name_prefix="serving-grpc")

    def compute(self, context: grpc.ServicerContext, model: str, api: str, work: Callable[[float], Any]) -> Any:
        """Returns what a worker thread makes of a request that gets a place in the queue and is done by the deadline.

        Args:
            context: The call; ended with an error where there is no answer.
            model: The model's name, as the client wrote it.
            api: What is asked, such as `Predict`.
            work: Makes the answer; gets the moment on `time.monotonic()` after which nobody waits for it.
        """
        start = time.monotonic()
        try:
            answer = self._compute(context, start, work)
        except RequestError as error:
            self._backend.metrics.count_request(model, code_name(error.code))
            abort(context, error)
        except Exception:
            logger.exception("%s of model %s failed", api, model)
            self._backend.metrics.count_request(model, code_name(tf.errors.INTERNAL))
            abort(context, RequestError(tf.errors.INTERNAL, "Internal error of the server"))
        self._backend.metrics.count_request(model, code_name(tf.errors.OK))
        self._backend.metrics.observe_request(model, api, "GRPC", time.monotonic() - start)
        return answer

    def close(self) -> None:
        """Waits for the worker threads; no call may come afterwards."""
        self._workers.shutdown(wait=True, cancel_futures=True)

    def _compute(self, context: grpc.ServicerContext, start: float, work: Callable[[float], Any]) -> Any:
        """Returns the answer.

        Raises:
            RequestError: 503, the queue is full; 504, the deadline has passed; 499, the client has left; and whatever
                the work says.
        """
        seconds = self._backend.limits.deadline_seconds
        client_seconds = context.time_remaining()
        if client_seconds is not None:
            seconds = min(seconds, client_seconds)
        self._backend.admission.take()
        future = self._workers.submit(work, start + seconds)
        # A run outlives the call that gave up on it, and keeps its place until its thread is free.
        future.add_done_callback(lambda _: self._backend.admission.release())
        # What still waits for a thread when its client leaves is not computed.
        if not context.add_callback(future.cancel):
            future.cancel()
        try:
            return future.result(timeout=seconds)
        except CancelledError:
            raise RequestError(tf.errors.CANCELLED, "The client has left") from None
        except TimeoutError:
            future.cancel()
            raise deadline_exceeded(f"Deadline exceeded: no answer within {seconds:g} seconds") from None


def answer_at_once(context: grpc.ServicerContext, work: Callable[[], Any]) -> Any:
    """Returns what is known without a computation, whatever is being computed.

    Args:
        context: The call; ended with an error where there is no answer.
        work: Makes the answer.
    """
    try:
        return work()
    except RequestError as error:
        abort(context, error)


def abort(context: grpc.ServicerContext, error: RequestError) -> NoReturn:
    """Ends a call with an error."""
    details = error.message.encode("utf-8", errors="replace")[:_MAX_DETAIL_BYTES].decode("utf-8", errors="ignore")
    context.abort(_STATUS_CODES.get(error.code, grpc.StatusCode.UNKNOWN), details)
    raise AssertionError("gRPC's abort raises")
