"""What a request goes through, whatever the protocol: it is read, its signature is run, its answer is written.

Only reading and writing take a worker thread, and only where they take long. A run has its version's own threads, and
no thread waits for one: so runs that take long keep nobody waiting who asks another model.
"""

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from serving.server.arrivals import Arrivals
from serving.server.backend import Backend
from serving.server.errors import RequestError, forget_frames
from serving.server.models.runs import Outputs, Run
from serving.server.models.signatures import Array

T = TypeVar("T")

_MAX_SMALL_VALUES = 8192
_MAX_SMALL_TEXT_BYTES = 1024 * 1024


@dataclass(frozen=True)
class Terms:
    """What a request that is read has.

    Attributes:
        deadline: The moment on `time.monotonic()` after which nobody waits for the answer.
        num_bytes: What it came in, inflated.
        lease: Takes the version that answers, and lets it go when the request is through.
    """

    deadline: float
    num_bytes: int
    lease: contextlib.ExitStack


@dataclass(frozen=True)
class Prediction:
    """A request that has been read.

    Attributes:
        run: What must be run for it.
        api: What is asked: `Predict`, `Classify` or `Regress`.
        write: Makes the answer of what the run gave; may raise RequestError.
    """

    run: Run
    api: str
    write: Callable[[Outputs], bytes]


class Answering:
    """Answers the requests of one protocol; lives in one event loop."""

    def __init__(self, backend: Backend, name: str) -> None:
        """Makes the pool of worker threads, which have a name."""
        self._backend = backend
        self._arrivals = Arrivals()
        self._workers = ThreadPoolExecutor(backend.limits.request_threads, thread_name_prefix=name)

    def close(self) -> None:
        """Waits for the worker threads; no request may come afterwards."""
        self._workers.shutdown(wait=True, cancel_futures=True)

    async def work(self, function: Callable[[], T], held: contextlib.ExitStack, workers: Executor | None = None) -> T:
        """Does work in a worker thread.

        Args:
            function: The work; may raise RequestError.
            held: What the request holds.
            workers: Other threads than those that all requests have.
        """
        return await self._outcome((workers or self._workers).submit(_forgetting_frames, function), held)

    async def answer(self, prediction: Prediction, held: contextlib.ExitStack) -> bytes:
        """Returns the answer to a request that has been read.

        Args:
            prediction: The request.
            held: What it holds.

        Raises:
            RequestError: 503, too much waits for the version; or whatever the run or the writing says.
        """
        self._backend.submit(prediction.run, prediction.api)
        outputs = await self._outcome(prediction.run.outputs, held)
        if _is_small(outputs):
            return prediction.write(outputs)
        return await self.work(lambda: prediction.write(outputs), held)

    async def _outcome(self, work: "Future[T]", held: contextlib.ExitStack) -> T:
        """Waits for threads, which keep what the request holds if they go on without the request."""
        try:
            return await self._arrivals.wait(work)
        except asyncio.CancelledError:
            kept = held.pop_all()
            work.add_done_callback(lambda _: kept.close())
            raise


def _forgetting_frames(function: Callable[[], T]) -> T:
    """Does work in a thread that shall not keep a document alive with an error."""
    try:
        return function()
    except RequestError as error:
        forget_frames(error)
        raise


def _is_small(arrays: Mapping[str, Array]) -> bool:
    """Tells whether arrays are written in about the time that it takes to hand them to a thread."""
    num_values = sum(array.size for array in arrays.values())
    if num_values > _MAX_SMALL_VALUES:
        return False
    texts = (array for array in arrays.values() if array.dtype == np.object_)
    return sum(len(text) for array in texts for text in array.ravel()) <= _MAX_SMALL_TEXT_BYTES
