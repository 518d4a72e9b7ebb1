"""A call in a fresh process of its own, which never outlives the one that made it."""

import multiprocessing
import os
import signal
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any, NamedTuple

from xdrl.errors import UserError


class ProcessError(RuntimeError):
    """A process failed; its message is one of the failure, and its traceback a note."""


class _Outcome(NamedTuple):
    """What a process sends back: what the call returned, or what it failed with and where."""

    value: Any = None
    failure: str | None = None
    trace: str = ""


def call_in_fresh_process(function: Callable[..., Any], *arguments: Any) -> Any:
    """Calls a function of a module in a process that has imported nothing yet, and returns what it returns.

    Whatever ends the wait, the process has ended too: an error, Ctrl-C, or the end of this process.

    Raises:
        ProcessError: the function failed, or its process died.
    """
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_call, args=(sender, function, arguments), daemon=True)
    with receiver:
        with sender, _interrupts_ignored():
            process.start()
        try:
            outcome: _Outcome = receiver.recv()
        except EOFError:
            process.join()
            outcome = _Outcome(failure=f"its process ended with exit code {process.exitcode}")
        finally:
            process.kill()
            process.join()
    if outcome.failure is not None:
        error = ProcessError(outcome.failure)
        error.add_note(outcome.trace)
        raise error
    return outcome.value


@contextmanager
def _interrupts_ignored() -> Iterator[None]:
    """Lets a process begin deaf to Ctrl-C, which a terminal sends to it too: the one that waits for it ends it."""
    kept = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, kept)


def _call(sender: Connection, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    """Runs in the new process."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    # TensorFlow logs here what no setting of its own stops; what fails is told through the pipe.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    try:
        outcome = _Outcome(function(*arguments))
    except Exception as error:
        kind = "" if isinstance(error, UserError) else f"{type(error).__name__}: "
        outcome = _Outcome(failure=f"{kind}{error}", trace=traceback.format_exc())
    sender.send(outcome)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
