"""Work that is done again and again."""

import logging
import threading
from collections.abc import Callable

logger = logging.getLogger(__name__)


class Repeated:
    """Does work in a thread of its own, each time so many seconds after the last time, until it is told to end."""

    def __init__(self, name: str, seconds: float, work: Callable[[], None], is_stopped: threading.Event) -> None:
        """Takes the work; `start` begins with the first wait.

        Args:
            name: The thread's.
            seconds: How long is waited between two times.
            work: What is done; what it raises is logged, and it is done again.
            is_stopped: Set to end.
        """
        self._seconds = seconds
        self._work = work
        self._is_stopped = is_stopped
        self._thread = threading.Thread(target=self._repeat, name=name, daemon=True)

    def start(self) -> None:
        """Begins."""
        self._thread.start()

    def join(self) -> None:
        """Waits for the end of what is being done, if it has begun."""
        if self._thread.is_alive():
            self._thread.join()

    def _repeat(self) -> None:
        """Works until it is told to end."""
        while not self._is_stopped.wait(self._seconds):
            try:
                self._work()
            except Exception:
                logger.exception("Looking for what to serve failed")
