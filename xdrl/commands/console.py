"""Where commands print: the terminal, and its error stream."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

console = Console()
errors = Console(stderr=True)


@contextmanager
def following() -> Iterator[Callable[[int, int, str], None]]:
    """Shows how far something has come.

    Yields:
        what is called with the number of parts done, that of all parts, and what comes next.
    """
    with Progress(TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), console=console) as bar:
        task = bar.add_task("", total=None)
        yield lambda done, total, what: bar.update(task, completed=done, total=total, description=what)
