"""Where commands print: the terminal, and its error stream."""

from rich.console import Console

console = Console()
errors = Console(stderr=True)
