"""Batches: requests that come while the same signature runs are run together, and each gets its own rows back."""

import threading
import time
import weakref
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from serving.server.deadlines import seconds_left
from serving.server.errors import deadline_exceeded, unavailable
from serving.server.limits import Batching
from serving.server.models.loading import LoadedVersion
from serving.server.models.signatures import Array, Signature

Key = tuple[Any, ...]


@dataclass(eq=False)
class _Request:
    """A request that waits for its batch; the two results are set before `turn` is.

    Attributes:
        inputs: Its arrays, all of the same number of rows.
        num_rows: That number.
        deadline: On `time.monotonic()`.
        turn: Set once there is something to do for the thread that waits.
        leads: That thread runs the next batch.
        outputs: The rows that are its own; without them and without the lead, that thread runs its request by itself.
    """

    inputs: Mapping[str, Array]
    num_rows: int
    deadline: float
    turn: threading.Event = field(default_factory=threading.Event)
    leads: bool = False
    outputs: dict[str, Array] | None = None


@dataclass(eq=False)
class _Queue:
    """The requests that could share a batch.

    There is one only while a batch of theirs is led: it runs, or is about to.

    Attributes:
        waiting: Those that no batch has taken yet.
        num_rows: Their rows.
        room: The rows that fill the next batch.
        is_full: Set while as many wait.
    """

    room: int
    waiting: deque[_Request] = field(default_factory=deque)
    num_rows: int = 0
    is_full: threading.Event = field(default_factory=threading.Event)


class Batcher:
    """Runs requests of many threads in batches, without a thread of its own.

    Whoever comes while nothing runs does not wait: its thread runs its request at once. Whoever comes later waits for
    the run under way, and the first of them runs all of them, after it has waited a moment for more. A batch that fails
    is run again one by one, so that nobody pays for a neighbour's bad input.
    """

    def __init__(self, batching: Batching) -> None:
        """Takes how large batches may be, how many run at once, and how many requests may wait."""
        self._batching = batching
        self._slots = threading.BoundedSemaphore(batching.num_batch_threads)
        self._lock = threading.Lock()
        self._queues: dict[Key, _Queue] = {}
        self._unsuitable: weakref.WeakKeyDictionary[LoadedVersion, set[int]] = weakref.WeakKeyDictionary()

    def run(
        self, version: LoadedVersion, signature: Signature, inputs: Mapping[str, Array], deadline: float
    ) -> dict[str, Array]:
        """Runs a request, alone or with others; arguments, result and errors as in `Runner.run`."""
        num_rows = self._count_rows(version, signature, inputs)
        if num_rows is None:
            return version.run(signature, inputs, seconds_left(deadline))
        request = _Request(inputs, num_rows, deadline)
        key = (version, id(signature), *((name, array.shape[1:]) for name, array in sorted(inputs.items())))
        queue, is_first = self._join(key, request)
        if not is_first:
            self._wait(key, queue, request)
        if is_first or request.leads:
            try:
                self._lead(version, signature, queue, request)
            finally:
                self._pass_on(key, queue)
        if request.outputs is None:
            return version.run(signature, inputs, seconds_left(deadline))
        return request.outputs

    def _count_rows(self, version: LoadedVersion, signature: Signature, inputs: Mapping[str, Array]) -> int | None:
        """Returns the rows of a request that may share a batch, None for one that may not."""
        specs = (*signature.inputs.values(), *signature.outputs.values())
        if id(signature) in self._unsuitable.get(version, ()) or not all(s.shape and s.shape[0] == -1 for s in specs):
            return None
        counts = {array.shape[0] if array.ndim else 0 for array in inputs.values()}
        (count,) = counts if len(counts) == 1 else (0,)
        return count if 1 <= count <= self._batching.max_batch_size else None

    def _join(self, key: Key, request: _Request) -> tuple[_Queue, bool]:
        """Puts a request into its queue; tells whether it is the first, which leads at once.

        Raises:
            RequestError: 503, too many wait.
        """
        with self._lock:
            queue = self._queues.get(key)
            if queue is None:
                self._queues[key] = queue = _Queue(self._batching.max_batch_size)
                return queue, True
            if queue.num_rows + request.num_rows > self._batching.max_enqueued_rows:
                raise unavailable(f"The batching queue is full: {queue.num_rows} rows wait for this signature")
            queue.waiting.append(request)
            self._count(queue, request.num_rows)
        return queue, False

    def _wait(self, key: Key, queue: _Queue, request: _Request) -> None:
        """Waits until there is something to do for a request.

        Raises:
            RequestError: 504, its deadline came first.
        """
        if request.turn.wait(max(0.0, request.deadline - time.monotonic())):
            return
        with self._lock:
            if request in queue.waiting:
                queue.waiting.remove(request)
                self._count(queue, -request.num_rows)
        if request.leads:
            self._pass_on(key, queue)
        raise deadline_exceeded("Deadline exceeded while the request waited for its batch")

    def _lead(self, version: LoadedVersion, signature: Signature, queue: _Queue, leader: _Request) -> None:
        """Runs the leader's request with all that wait and fit, and hands out the rows.

        Raises:
            RequestError: What the leader's request is answered where it runs alone, or 504 before it could.
        """
        if leader.leads:
            queue.is_full.wait(self._batching.batch_timeout_seconds)
        if not self._slots.acquire(timeout=max(0.0, leader.deadline - time.monotonic())):
            raise deadline_exceeded("Deadline exceeded while the request waited for its batch")
        try:
            seconds = seconds_left(leader.deadline)
            batch = self._gather(queue, leader)
            if len(batch) > 1:
                self._run_together(version, signature, batch)
            else:
                leader.outputs = version.run(signature, leader.inputs, seconds)
        finally:
            self._slots.release()

    def _run_together(self, version: LoadedVersion, signature: Signature, batch: Sequence[_Request]) -> None:
        """Runs a batch and hands out the rows; where that fails, each request is left to run by itself."""
        try:
            inputs = {name: np.concatenate([request.inputs[name] for request in batch]) for name in batch[0].inputs}
            outputs = version.run(signature, inputs, seconds_left(max(request.deadline for request in batch)))
            if self._shares_rows(version, signature, outputs, sum(request.num_rows for request in batch)):
                _hand_out(batch, outputs)
        except Exception:  # Whatever it is, each request finds out for itself whether it is its own.
            pass
        finally:
            for request in batch:
                request.turn.set()

    def _gather(self, queue: _Queue, leader: _Request) -> list[_Request]:
        """Returns the requests of the next batch: the leader's and, in order, those that fit and have time left."""
        batch, room = [leader], self._batching.max_batch_size - leader.num_rows
        with self._lock:
            while queue.waiting and queue.waiting[0].num_rows <= room:
                request = queue.waiting.popleft()
                self._count(queue, -request.num_rows)
                if request.deadline > time.monotonic():
                    batch.append(request)
                    room -= request.num_rows
        return batch

    def _count(self, queue: _Queue, num_rows: int) -> None:
        """Adds to the rows that wait in a queue; under the lock."""
        queue.num_rows += num_rows
        if queue.num_rows >= queue.room:
            queue.is_full.set()
        else:
            queue.is_full.clear()

    def _shares_rows(
        self, version: LoadedVersion, signature: Signature, outputs: Mapping[str, Array], num_rows: int
    ) -> bool:
        """Tells whether all outputs have a row for each of the inputs'; a signature without is not batched again."""
        if all(array.ndim and array.shape[0] == num_rows for array in outputs.values()):
            return True
        with self._lock:
            self._unsuitable.setdefault(version, set()).add(id(signature))
        return False

    def _pass_on(self, key: Key, queue: _Queue) -> None:
        """Lets the first request that waits run the next batch; an empty queue is forgotten."""
        with self._lock:
            if not queue.waiting:
                del self._queues[key]
                return
            request = queue.waiting.popleft()
            queue.room = self._batching.max_batch_size - request.num_rows
            self._count(queue, -request.num_rows)
            request.leads = True
            request.turn.set()


def _hand_out(batch: Sequence[_Request], outputs: Mapping[str, Array]) -> None:
    """Gives each request the rows that are its own."""
    start = 0
    for request in batch:
        end = start + request.num_rows
        request.outputs = {name: array[start:end] for name, array in outputs.items()}
        start = end
