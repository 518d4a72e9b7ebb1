"""The run of a prediction's graph: the one way from arrays to arrays, for every protocol."""

import time
from concurrent.futures import ThreadPoolExecutor

from serving.server.errors import deadline_exceeded
from serving.server.limits import Batching
from serving.server.models.batching import Batcher
from serving.server.models.runs import Outputs, Run


class Runner:
    """Runs signatures for many callers, together where that is quicker."""

    def __init__(self, batching: Batching | None, num_threads: int) -> None:
        """Takes how requests share runs; with None each runs by itself, so many of them at a time."""
        self._batcher = None if batching is None else Batcher(batching)
        self._threads = ThreadPoolExecutor(num_threads, thread_name_prefix="serving-run")

    def close(self) -> None:
        """Waits for the runs under way; none may come afterwards."""
        if self._batcher is not None:
            self._batcher.close()
        self._threads.shutdown(wait=True)

    def submit(self, run: Run) -> None:
        """Takes a run, whose outputs will be there.

        Raises:
            RequestError: 503, too many wait for the signature.
        """
        if self._batcher is not None and self._batcher.can_take(run):
            self._batcher.submit(run)
        else:
            self._threads.submit(_run_alone, run)

    def run(self, run: Run) -> Outputs:
        """Runs a signature and waits for its outputs, in the caller's own thread where nobody shares them.

        Raises:
            RequestError: 503, too many wait for the signature; 504, the deadline has passed; or TensorFlow's status
                code, and what the operation said.
        """
        if self._batcher is None or not self._batcher.can_take(run):
            return run.compute()
        self._batcher.submit(run)
        try:
            return run.outputs.result(max(0.0, run.deadline - time.monotonic()))
        except TimeoutError:
            run.outputs.cancel()
            raise deadline_exceeded("Deadline exceeded while the request waited for its batch") from None


def _run_alone(run: Run) -> None:
    """Runs what shares its run with nobody, if somebody waits for it."""
    if not run.outputs.set_running_or_notify_cancel():
        return
    try:
        run.outputs.set_result(run.compute())
    except Exception as error:
        run.outputs.set_exception(error)
