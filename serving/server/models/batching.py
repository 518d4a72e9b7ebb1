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
from serving.server.errors import deadline_exceeded
from serving.server.limits import Limits
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

    Attributes:
        waiting: Those that no batch has taken yet.
        num_running: Batches under way.
    """

    waiting: deque[_Request] = field(default_factory=deque)
    num_running: int = 0


class Batcher:
    """Runs requests of many threads in batches, without a thread of its own.

    Whoever comes while nothing runs does not wait: its thread runs its request at once. Whoever comes later waits for
    the run under way, and the first of them runs all of them. A batch that fails is run again one by one, so that
    nobody pays for a neighbour's bad input.
    """

    def __init__(self, limits: Limits) -> None:
        """Takes how large batches may be, and how many of a signature run at once."""
        self._limits = limits
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
        queue = self._join(key, request)
        if not request.leads:
            self._wait(key, queue, request)
        if request.leads:
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
        return count if 1 <= count <= self._limits.max_batch_size else None

    def _join(self, key: Key, request: _Request) -> _Queue:
        """Puts a request into its queue, or lets it lead where a batch may begin."""
        with self._lock:
            queue = self._queues.setdefault(key, _Queue())
            if queue.num_running < self._limits.max_running_batches:
                queue.num_running += 1
                request.leads = True
            else:
                queue.waiting.append(request)
        return queue

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
        if request.leads:
            self._pass_on(key, queue)
        raise deadline_exceeded("Deadline exceeded while the request waited for its batch")

    def _lead(self, version: LoadedVersion, signature: Signature, queue: _Queue, leader: _Request) -> None:
        """Runs the leader's request with all that wait and fit, and hands out the rows."""
        batch = self._gather(queue, leader)
        if len(batch) == 1:
            leader.outputs = version.run(signature, leader.inputs, seconds_left(leader.deadline))
            return
        try:
            inputs = {name: np.concatenate([request.inputs[name] for request in batch]) for name in leader.inputs}
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
        batch, room = [leader], self._limits.max_batch_size - leader.num_rows
        with self._lock:
            while queue.waiting and queue.waiting[0].num_rows <= room:
                request = queue.waiting.popleft()
                if request.deadline > time.monotonic():
                    batch.append(request)
                    room -= request.num_rows
        return batch

    def _shares_rows(
        self, version: LoadedVersion, signature: Signature, outputs: Mapping[str, Array], num_rows: int
    ) -> bool:
        """Tells whether all outputs have a row for each of the inputs'; a signature without is not batched again."""
        if all(array.ndim and array.shape[0] == num_rows for array in outputs.values()):
            return True
        self._unsuitable.setdefault(version, set()).add(id(signature))
        return False

    def _pass_on(self, key: Key, queue: _Queue) -> None:
        """Lets the first request that waits run the next batch; an empty queue is forgotten."""
        with self._lock:
            if queue.waiting:
                request = queue.waiting.popleft()
                request.leads = True
                request.turn.set()
                return
            queue.num_running -= 1
            if not queue.num_running:
                del self._queues[key]


def _hand_out(batch: Sequence[_Request], outputs: Mapping[str, Array]) -> None:
    """Gives each request the rows that are its own."""
    start = 0
    for request in batch:
        end = start + request.num_rows
        request.outputs = {name: array[start:end] for name, array in outputs.items()}
        start = end
