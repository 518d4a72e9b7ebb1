"""How many requests are let in at once: over all protocols, so that the queue is one."""

import threading

from serving.server.errors import unavailable


class Admission:
    """A bounded number of places for requests that wait or run."""

    def __init__(self, max_requests: int) -> None:
        """Makes the places."""
        self._max_requests = max_requests
        self._places = threading.BoundedSemaphore(max_requests)

    def take(self) -> None:
        """Takes a place, without waiting; whoever takes one gives it back with `release`.

        Raises:
            RequestError: 503, there is none.
        """
        if not self._places.acquire(blocking=False):
            raise unavailable(f"The queue is full: {self._max_requests} requests are waiting or running")

    def release(self) -> None:
        """Gives a place back."""
        self._places.release()
