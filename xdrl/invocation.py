"""How the command line is called, so that what is printed and what is started can be called again."""

import sys
from pathlib import Path

COMMAND = "xdrl"
"""The command that comes with the package."""
_SCRIPT = Path(__file__).parents[1] / "cli.py"
"""What stands in its place in a clone."""


def is_clone() -> bool:
    """Says whether the code lies in a clone, and is not an installed package."""
    return _SCRIPT.exists()


def program() -> str:
    """Returns what one types before a command's name: `xdrl`, or `python cli.py` in a clone."""
    called = Path(sys.argv[0])
    is_module = called.parts[-2:] == (COMMAND, "__main__.py")  # `python -m xdrl`
    is_command = called.stem == COMMAND or is_module
    return COMMAND if is_command or not is_clone() else "python cli.py"


def start_of_command() -> list[str]:
    """Returns what a process of its own is started with, before a command's name."""
    return [sys.executable, str(_SCRIPT)] if is_clone() else [sys.executable, "-m", COMMAND]
