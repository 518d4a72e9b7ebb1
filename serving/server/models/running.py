"""The run of a prediction's graph: the one way from arrays to arrays, for every protocol."""

import threading
import time
import weakref
from concurrent.futures import ThreadPoolExecutor

from serving.server.errors import unavailable
from serving.server.limits import Batching, Limits
from serving.server.metrics import Metrics
from serving.server.models.batching import Batcher
from serving.server.models.loading import LoadedVersion
from serving.server.models.runs import Run


class Runner:
    """Runs signatures for many callers, those of each version in threads and within bounds of its own.

    What is asked of a version whose runs take long waits, or is turned away, beside that version alone.
    """

    def __init__(self, batching: Batching | None, limits: Limits, metrics: Metrics) -> None:
        """Takes how requests share runs, and what bounds and times them.

        Args:
            batching: How; with None each runs by itself.
            limits: How much of a version runs or waits.
            metrics: Where runs of graphs are timed.
        """
        self._batching = batching
        self._limits = limits
        self._metrics = metrics
        self._lock = threading.Lock()
        # A version that is retired, and that nobody uses any more, takes its threads along.
        self._lanes: weakref.WeakKeyDictionary[LoadedVersion, _Lane] = weakref.WeakKeyDictionary()

    def close(self) -> None:
        """Waits for the runs under way; none may come afterwards."""
        with self._lock:
            lanes = list(self._lanes.values())
        for lane in lanes:
            lane.close()

    def submit(self, run: Run) -> None:
        """Takes a run, whose outputs will be there.

        Raises:
            RequestError: 503, too much waits for the version.
        """
        with self._lock:
            lane = self._lanes.get(run.version)
            if lane is None:
                lane = self._lanes[run.version] = _Lane(self._batching, self._limits, self._metrics)
        lane.submit(run)


class _Lane:
    """Where the runs of one version wait, and the threads that they are in."""

    def __init__(self, batching: Batching | None, limits: Limits, metrics: Metrics) -> None:
        """Begins with nothing under way; threads begin when there is something for them."""
        self._batcher = None if batching is None else Batcher(batching, metrics)
        self._metrics = metrics
        self._threads = ThreadPoolExecutor(limits.request_threads, thread_name_prefix="serving-run")
        self._max_runs = limits.max_model_requests
        self._max_bytes = limits.max_bodies_bytes // 2
        self._lock = threading.Lock()
        self._num_runs = 0
        self._num_bytes = 0

    def close(self) -> None:
        """Waits for the runs under way."""
        if self._batcher is not None:
            self._batcher.close()
        self._threads.shutdown(wait=True)

    def submit(self, run: Run) -> None:
        """Takes a run.

        Raises:
            RequestError: 503, too many wait or run, or too large ones.
        """
        self._take(run)
        run.outputs.add_done_callback(lambda _: self._release(run.num_bytes))
        try:
            if self._batcher is not None and self._batcher.can_take(run):
                self._batcher.submit(run)
            else:
                self._threads.submit(self._run_alone, run)
        except BaseException:
            run.outputs.cancel()
            raise

    def _take(self, run: Run) -> None:
        """Takes room for a run.

        Raises:
            RequestError: 503, there is none.
        """
        name = run.version.name
        with self._lock:
            if self._num_runs >= self._max_runs:
                raise unavailable(f"The queue of {name} is full: {self._num_runs} requests are waiting or running")
            if self._num_runs and self._num_bytes + run.num_bytes > self._max_bytes:
                raise unavailable(f"The requests to {name} together are larger than {self._max_bytes} bytes")
            self._num_runs += 1
            self._num_bytes += run.num_bytes

    def _release(self, num_bytes: int) -> None:
        """Gives the room of a run back."""
        with self._lock:
            self._num_runs -= 1
            self._num_bytes -= num_bytes

    def _run_alone(self, run: Run) -> None:
        """Runs what shares its run with nobody, if somebody waits for it."""
        if not run.outputs.set_running_or_notify_cancel():
            return
        try:
            start = time.monotonic()
            outputs = run.compute()
            self._metrics.observe_graph(time.monotonic() - start)
        except Exception as error:
            run.outputs.set_exception(error)
        else:
            run.outputs.set_result(outputs)
