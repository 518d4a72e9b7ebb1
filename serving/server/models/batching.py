"""Batches: requests that come while the same signature runs are run together, and each gets its own rows back."""

import threading
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np

from serving.server.deadlines import seconds_left
from serving.server.errors import unavailable
from serving.server.limits import Batching
from serving.server.metrics import Metrics
from serving.server.models.runs import Key, Outputs, Run


@dataclass(eq=False)
class _Queue:
    """The runs that could share a batch.

    There is one only while a batch of theirs runs or is about to.

    Attributes:
        waiting: Those that no batch has taken yet.
        num_rows: Their rows.
        is_full: Set while they fill a batch.
    """

    waiting: deque[Run] = field(default_factory=deque)
    num_rows: int = 0
    is_full: threading.Event = field(default_factory=threading.Event)


class Batcher:
    """Runs in batches what many threads ask of one version.

    What comes while nothing runs does not wait. What comes later waits for the run under way, and is then run together
    while the answers of that run are handed out. A batch that fails is run again in halves, down to single requests,
    so that nobody pays for a neighbour's bad input.
    """

    def __init__(self, batching: Batching, metrics: Metrics) -> None:
        """Takes how large batches may be, how many run at once, and how many rows may wait; and where it is noted."""
        self._batching = batching
        self._metrics = metrics
        self._threads = ThreadPoolExecutor(batching.num_batch_threads, thread_name_prefix="serving-batch")
        self._lock = threading.Lock()
        self._is_idle = threading.Condition(self._lock)
        self._queues: dict[Key, _Queue] = {}
        self._unsuitable: set[int] = set()

    def close(self) -> None:
        """Waits until all that waits has been run; nothing may come afterwards."""
        with self._lock:
            self._is_idle.wait_for(lambda: not self._queues)
        self._threads.shutdown(wait=True)

    def can_take(self, run: Run) -> bool:
        """Tells whether a run may share a batch: it is small enough, and its signature has rows that are independent.

        An axis of unknown size does not say so much: the rows of a ranking have one, too.
        """
        if self._batching.only_stated and not run.version.has_independent_rows:
            return False
        specs = (*run.signature.inputs.values(), *run.signature.outputs.values())
        if id(run.signature) in self._unsuitable:
            return False
        has_rows = all(spec.shape and spec.shape[0] == -1 for spec in specs)
        return has_rows and 1 <= run.num_rows <= self._batching.max_batch_size

    def submit(self, run: Run) -> None:
        """Takes a run, whose outputs will be there.

        Raises:
            RequestError: 503, too many wait.
        """
        key = run.key
        with self._lock:
            queue = self._queues.get(key)
            is_first = queue is None
            if queue is None:
                self._queues[key] = queue = _Queue()
            if queue.num_rows + run.num_rows > self._batching.max_enqueued_rows:
                raise unavailable(f"The batching queue is full: {queue.num_rows} rows wait for this signature")
            queue.waiting.append(run)
            self._count(queue, run.num_rows)
        if is_first:
            self._threads.submit(self._run_next, key, queue, 0.0)

    def _run_next(self, key: Key, queue: _Queue, patience_seconds: float) -> None:
        """Runs the next batch of a queue, once it is full or patience has ended; in one of the threads."""
        if patience_seconds:
            queue.is_full.wait(patience_seconds)
        batch = self._gather(queue)
        self._note(batch)
        result = self._attempt(batch)
        try:
            # The next batch runs while the answers of this one are handed out.
            self._pass_on(key, queue)
        finally:
            self._hand_out(batch, result)

    def _gather(self, queue: _Queue) -> list[Run]:
        """Returns the next batch: in order, those that fit, and that somebody waits for."""
        batch: list[Run] = []
        room = self._batching.max_batch_size
        with self._lock:
            while queue.waiting and queue.waiting[0].num_rows <= room:
                run = queue.waiting.popleft()
                self._count(queue, -run.num_rows)
                if run.outputs.set_running_or_notify_cancel():
                    batch.append(run)
                    room -= run.num_rows
        return batch

    def _pass_on(self, key: Key, queue: _Queue) -> None:
        """Lets one of the threads run the next batch; an empty queue is forgotten."""
        with self._lock:
            if not queue.waiting:
                del self._queues[key]
                self._is_idle.notify_all()
                return
        self._threads.submit(self._run_next, key, queue, self._batching.batch_timeout_seconds)

    def _count(self, queue: _Queue, num_rows: int) -> None:
        """Adds to the rows that wait in a queue; under the lock."""
        queue.num_rows += num_rows
        if queue.num_rows >= self._batching.max_batch_size:
            queue.is_full.set()
        else:
            queue.is_full.clear()

    def _hand_out(self, batch: Sequence[Run], result: Outputs | Exception) -> None:
        """Gives each run the rows that are its own; where the batch failed, runs its halves."""
        if len(batch) > 1 and (isinstance(result, Exception) or not self._shares_rows(batch, result)):
            for half in (batch[: len(batch) // 2], batch[len(batch) // 2 :]):
                self._hand_out(half, self._attempt(half))
        elif isinstance(result, Exception):
            batch[0].outputs.set_exception(result)
        else:
            start = 0
            for run in batch:
                end = start + run.num_rows
                run.outputs.set_result({name: array[start:end] for name, array in result.items()})
                start = end

    def _shares_rows(self, batch: Sequence[Run], outputs: Outputs) -> bool:
        """Tells whether all outputs have a row for each of the inputs'; a signature without is not batched again."""
        num_rows = sum(run.num_rows for run in batch)
        if all(array.ndim and array.shape[0] == num_rows for array in outputs.values()):
            return True
        with self._lock:
            self._unsuitable.add(id(batch[0].signature))
        return False

    def _note(self, batch: Sequence[Run]) -> None:
        """Notes how long the runs of a batch have waited, and how large they are."""
        if batch:
            now = time.monotonic()
            sizes = [run.num_rows for run in batch for _ in run.inputs]
            self._metrics.observe_batch([now - run.asked_at for run in batch], sizes, sum(r.num_rows for r in batch))

    def _attempt(self, batch: Sequence[Run]) -> Outputs | Exception:
        """Runs a batch together; returns what came of it."""
        if not batch:
            return {}
        try:
            start = time.monotonic()
            outputs = _run_together(batch)
            self._metrics.observe_graph(time.monotonic() - start)
            return outputs
        except Exception as error:  # Whatever it is, each request finds out for itself whether it is its own.
            return error


def _run_together(batch: Sequence[Run]) -> Outputs:
    """Runs a batch until the last of its deadlines at most; raises what the run raises."""
    first = batch[0]
    if len(batch) == 1:
        return first.compute()
    inputs = {name: np.concatenate([run.inputs[name] for run in batch]) for name in first.inputs}
    return first.version.run(first.signature, inputs, seconds_left(max(run.deadline for run in batch)))
