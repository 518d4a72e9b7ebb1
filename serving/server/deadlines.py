"""How long a request may still take."""

import time

from serving.server.errors import deadline_exceeded


def seconds_left(deadline: float) -> float:
    """Returns the time until a moment on `time.monotonic()`.

    Raises:
        RequestError: 504, it has passed.
    """
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise deadline_exceeded("Deadline exceeded before the request was computed")
    return seconds
