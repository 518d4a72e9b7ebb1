"""The signals that ask a process to end, handled alike by every command."""

import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

GRACE_SECONDS = 1.2
"""What a process that is told to end takes at most to do so by itself, where nothing has to be saved first."""


class Interruption:
    """Whether a signal has asked for an end.

    Attributes:
        number: of the first signal that came; None before.
    """

    def __init__(self) -> None:
        """Begins with none."""
        self.number: int | None = None


@contextmanager
def signals_that_stop(stop: Callable[[], None]) -> Iterator[None]:
    """Has Ctrl-C, SIGTERM and a closed terminal (SIGHUP) ask for an end instead of ending the process.

    A signal that the process ignores stays ignored: `nohup` ignores SIGHUP, and means it. Outside of the main thread
    nothing changes, since Python hands signals to that one alone.

    Args:
        stop: called when one comes.
    """
    with _handled(lambda *_: stop()):
        yield


@contextmanager
def signals_that_interrupt(end: Callable[[int], None]) -> Iterator[Interruption]:
    """Has the same signals raise KeyboardInterrupt in the main thread, and end the process where that does not help.

    A library may swallow the exception, or keep the main thread so long that it is never raised. What is told to end
    has ended `GRACE_SECONDS` later all the same. A second signal ends it at once.

    Args:
        end: ends the process; called with the signal's number, from any thread.

    Yields:
        whether a signal has come.
    """
    interruption = Interruption()

    def take(number: int, frame: FrameType | None) -> None:
        if interruption.number is not None:
            end(number)
        interruption.number = number
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield interruption
        return
    with _handled(take), _watched(take, end) as is_over:
        try:
            yield interruption
        finally:
            if interruption.number is None:
                is_over.set()  # else the process has to end now, however long its own end takes


@contextmanager
def signals_that_kill() -> Iterator[None]:
    """Has the same signals end the process on the spot: for what keeps the interpreter for seconds and leaves nothing.

    Loading a library is such: until it is loaded, no handler and no thread is heard.
    """
    with _handled(signal.SIG_DFL):
        yield


@contextmanager
def _handled(handler: Any) -> Iterator[None]:
    """Handles the signals that the process does not ignore."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    names = ("SIGINT", "SIGTERM", "SIGHUP")  # Windows has no SIGHUP
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    heeded = [number for number in numbers if signal.getsignal(number) is not signal.SIG_IGN]
    previous = {number: signal.signal(number, handler) for number in heeded}
    try:
        yield
    finally:
        for number, earlier in previous.items():
            signal.signal(number, earlier)


@contextmanager
def _watched(handler: Any, end: Callable[[int], None]) -> Iterator[threading.Event]:
    """Ends the process some time after a signal that a handler takes, unless the event that is given is set by then.

    The interpreter writes signals to a socket. A thread that reads it hears them even while a library keeps the main
    thread.
    """
    receiver, sender = socket.socketpair()
    sender.setblocking(False)
    is_over = threading.Event()

    def watch() -> None:
        with receiver:
            while told := receiver.recv(1):
                if signal.getsignal(told[0]) is handler and not is_over.wait(GRACE_SECONDS):
                    end(told[0])

    threading.Thread(target=watch, name="signals", daemon=True).start()
    earlier = signal.set_wakeup_fd(sender.fileno(), warn_on_full_buffer=False)
    try:
        yield is_over
    finally:
        signal.set_wakeup_fd(earlier)
        sender.close()
