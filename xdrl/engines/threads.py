"""Workers in threads of this process: the backend and the emulator release the interpreter's lock while they work."""

import queue
import threading
from collections.abc import Callable, Sequence
from types import TracebackType

from xdrl.assembly import build_learner, build_worker
from xdrl.engines import Plan
from xdrl.learner import Learner
from xdrl.messages import Counts, LearnerState, Report, Traffic
from xdrl.workers import Worker


class ThreadEngine:
    """Runs every worker in a thread of its own until told to stop; a worker that fails stops them all."""

    note, traffic = "", Traffic()

    def __init__(
        self, learner: Learner, build_workers: Callable[[], Sequence[Worker]], is_over: Callable[[int], bool]
    ) -> None:
        """Takes the learner; nothing runs yet.

        Args:
            learner: of this process.
            build_workers: called when the workers are to start.
            is_over: says, given the agent steps so far, whether to end; asked before every update.
        """
        self._learner, self._build_workers, self._is_over = learner, build_workers, is_over
        self._stop = threading.Event()
        self._reports: queue.SimpleQueue[Report] = queue.SimpleQueue()
        self._failure: BaseException | None = None
        self._workers: Sequence[Worker] = ()
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> "ThreadEngine":
        """Builds the workers and starts their threads."""
        self._workers = self._build_workers()
        self._threads = [
            threading.Thread(target=self._run, args=(worker,), name=f"worker-{number}", daemon=True)
            for number, worker in enumerate(self._workers)
        ]
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

    @property
    def counts(self) -> Counts:
        """What the learner has counted."""
        return self._learner.counts

    def state(self) -> LearnerState:
        """Reads everything that the run would go on from."""
        return self._learner.state()

    def close(self) -> None:
        """Frees the emulators."""
        for worker in self._workers:
            worker.close()

    def _run(self, worker: Worker) -> None:
        learner = self._learner
        try:
            while not (self._stop.is_set() or self._is_over(learner.counts.agent_steps)):
                self._reports.put(learner.take(worker.learn(learner.snapshot())))
        except BaseException as error:  # handed to `wait`, which raises it in the main thread
            self._failure = self._failure or error
            self._stop.set()


def start_threads(plan: Plan) -> ThreadEngine:
    """Makes the engine of a plan; the learner is built at once."""

    def build_workers() -> list[Worker]:
        return [
            build_worker(plan.training, plan.network, number, plan.random_state(number))
            for number in range(plan.training.num_workers)
        ]

    return ThreadEngine(build_learner(plan.training, plan.network, plan.start), build_workers, plan.is_over)
