"""Workers in threads of this process: the backend and the emulator release the interpreter's lock while they work."""

import queue
import threading
from collections.abc import Callable, Sequence
from types import TracebackType

from xdrl.workers import Report, Worker


class ThreadEngine:
    """Runs every worker in a thread of its own until told to stop; a worker that fails stops them all.

    Use it as a context manager: on leaving, the threads have ended.
    """

    def __init__(self, workers: Sequence[Worker], should_stop: Callable[[], bool]) -> None:
        """Takes the workers; nothing runs yet.

        Args:
            workers: one a thread.
            should_stop: asked before every update.
        """
        self._should_stop = should_stop
        self._stop = threading.Event()
        self._reports: queue.SimpleQueue[Report] = queue.SimpleQueue()
        self._failure: BaseException | None = None
        self._threads = [
            threading.Thread(target=self._run, args=(worker,), name=f"worker-{index}", daemon=True)
            for index, worker in enumerate(workers)
        ]

    def __enter__(self) -> "ThreadEngine":
        """Starts the threads."""
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stops after the updates under way."""
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def wait(self, seconds: float) -> bool:
        """Waits until all workers have ended, `seconds` at most.

        Returns:
            whether workers still run.

        Raises:
            BaseException: whatever a worker failed with, as it was raised there.
        """
        running = [thread for thread in self._threads if thread.is_alive()]
        if running:
            running[0].join(seconds)
        is_running = any(thread.is_alive() for thread in self._threads)
        if self._failure is not None:
            raise self._failure
        return is_running

    def drain(self) -> list[Report]:
        """Returns the reports that have come since the last call."""
        return [self._reports.get() for _ in range(self._reports.qsize())]

    def _run(self, worker: Worker) -> None:
        try:
            while not (self._stop.is_set() or self._should_stop()):
                self._reports.put(worker.update())
        except BaseException as error:  # handed to `wait`, which raises it in the main thread
            self._failure = self._failure or error
            self._stop.set()
