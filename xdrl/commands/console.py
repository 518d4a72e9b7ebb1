"""Where commands print: the terminal, and its error stream."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

console = Console()
errors = Console(stderr=True)
PLAIN_LINE_SECONDS = 30.0
"""Between the lines that say how far something has come where no terminal shows a bar: in a log, in a notebook."""


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
