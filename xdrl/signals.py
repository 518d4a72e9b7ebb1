"""The signals that ask a process to end, handled alike wherever something has to be saved or closed first."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def signals_that_stop(stop: Callable[[], None]) -> Iterator[None]:
    """Has Ctrl-C, SIGTERM and a closed terminal (SIGHUP) ask for an end instead of ending the process.

    A signal that the process ignores stays ignored: `nohup` ignores SIGHUP, and means it. Outside of the main thread
    nothing changes, since Python hands signals to that one alone.

    Args:
        stop: called when one comes.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    names = ("SIGINT", "SIGTERM", "SIGHUP")  # Windows has no SIGHUP
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    heeded = [number for number in numbers if signal.getsignal(number) is not signal.SIG_IGN]
    previous = {number: signal.signal(number, lambda *_: stop()) for number in heeded}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
