"""What is let in at once, over all protocols: requests by their number, and bodies by their bytes."""

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


class BodySpace:
    """The memory that the bodies of all requests share."""

    def __init__(self, max_bytes: int) -> None:
        """Begins with all of it free."""
        self._max_bytes = max_bytes
        self._num_bytes = 0
        self._lock = threading.Lock()

    def take(self, num_bytes: int) -> None:
        """Takes bytes, which are given back with `release`.

        Raises:
            RequestError: 503, there are not as many.
        """
        with self._lock:
            if self._num_bytes + num_bytes > self._max_bytes:
                raise unavailable(f"The bodies of all requests together are larger than {self._max_bytes} bytes")
            self._num_bytes += num_bytes

    def release(self, num_bytes: int) -> None:
        """Gives bytes back."""
        with self._lock:
            self._num_bytes -= num_bytes


class BodyShare:
    """What one request's body takes of the space; used by one thread at a time."""

    def __init__(self, space: BodySpace) -> None:
        """Begins with nothing taken."""
        self._space = space
        self._num_bytes = 0

    def add(self, num_bytes: int) -> None:
        """Takes more.

        Raises:
            RequestError: 503, there is no more.
        """
        self._space.take(num_bytes)
        self._num_bytes += num_bytes

    def release(self) -> None:
        """Gives all of it back."""
        self._space.release(self._num_bytes)
        self._num_bytes = 0
