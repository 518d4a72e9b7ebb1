"""Where commands print: the terminal, and its error stream."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import NoReturn

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

console = Console()
errors = Console(stderr=True)
PLAIN_LINE_SECONDS = 30.0
"""Between the lines that say how far something has come where no terminal shows a bar: in a log, in a notebook."""
_SHOW_CURSOR = b"\x1b[?25h"
"""A display that is cut short has hidden it."""


class PlainLines:
    """Says now and then how far something has come, where no terminal shows it."""

    def __init__(self) -> None:
        """Begins the clock."""
        self._said = time.monotonic()

    def say(self, make_line: Callable[[], str]) -> None:
        """Prints a line, unless a terminal shows a bar or the last one is not long ago."""
        if not console.is_terminal and time.monotonic() - self._said >= PLAIN_LINE_SECONDS:
            self._said = time.monotonic()
            console.print(make_line(), soft_wrap=True, highlight=False)


@contextmanager
def following() -> Iterator[Callable[[int, int, str], None]]:
    """Shows how far something has come.

    Yields:
        what is called with the number of parts done, that of all parts, and what comes next.
    """
    with Progress(TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), console=console) as bar:
        task, lines = bar.add_task("", total=None), PlainLines()

        def show(done: int, total: int, what: str) -> None:
            bar.update(task, completed=done, total=total, description=what)
            lines.say(lambda: f"{done} of {total} done; {what}")

        yield show


def end_at_once(code: int, is_flushing: bool = True) -> NoReturn:
    """Ends the process without the interpreter's own end, which takes seconds where TensorFlow is loaded.

    Args:
        code: the exit code.
        is_flushing: whether what was printed is written first; not from a thread other than the one that prints.
    """
    if is_flushing:
        with suppress(OSError):  # the terminal may be closed
            console.file.flush()
    if os.isatty(1):
        os.write(1, _SHOW_CURSOR)
    os._exit(code)
