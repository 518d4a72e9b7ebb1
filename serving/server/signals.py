"""The signals that ask the server to end: all of them end it in the same orderly way.

The rest of the project has the same in `xdrl/signals.py`; this package imports nothing of it.
"""

import contextlib
import signal
import threading
from collections.abc import Iterator


class StopRequest:
    """What signals have asked for so far.

    Attributes:
        is_made: One has come.
        is_urgent: Ctrl-C has come after another one: clients are waited for no longer.
    """

    def __init__(self) -> None:
        """Begins with none."""
        self.is_made = False
        self.is_urgent = False

    def take(self, number: int) -> None:
        """Notes a signal."""
        self.is_urgent |= self.is_made and number == signal.SIGINT
        self.is_made = True


@contextlib.contextmanager
def signals_that_stop() -> Iterator[StopRequest]:
    """Has Ctrl-C, SIGTERM and a closed terminal (SIGHUP) ask for an end instead of ending the process.

    A signal that the process ignores stays ignored: `nohup` ignores SIGHUP, and means it. Outside of the main thread
    nothing changes, since Python hands signals to that one alone.

    Yields:
        What they have asked for, which changes when one comes.
    """
    request = StopRequest()
    if threading.current_thread() is not threading.main_thread():
        yield request
        return
    names = ("SIGINT", "SIGTERM", "SIGHUP")  # Windows has no SIGHUP.
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    heeded = [number for number in numbers if signal.getsignal(number) is not signal.SIG_IGN]
    previous = {number: signal.signal(number, lambda came, _: request.take(came)) for number in heeded}
    try:
        yield request
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
