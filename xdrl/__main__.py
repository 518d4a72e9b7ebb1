"""Starts the command line: the command `xdrl`, `python -m xdrl`, and in a clone `python cli.py`.

It stands on the standard library alone: where a package that xdrl needs is not installed, it says what to do.
"""

import os
import sys
from pathlib import Path

OURS = ("xdrl", "serving")
_REQUIREMENTS = Path(__file__).parents[1] / "requirements.txt"


def main() -> None:
    """Runs a command; where a package is missing, one line says how to get it, and the exit code is 1."""
    # A notebook's shell names a backend that may not be installed here, which the import of Keras would fail with.
    os.environ.pop("MPLBACKEND", None)
    try:
        from xdrl.commands.app import main as run_command

        run_command()
    except KeyboardInterrupt:  # before a command has begun
        sys.exit(130)
    except ModuleNotFoundError as error:
        if "--debug" in sys.argv or not error.name or error.name.partition(".")[0] in OURS:
            raise
        sys.exit(f"error: {error.name} is not installed; {_how_to_install()}")


def _how_to_install() -> str:
    if not _REQUIREMENTS.exists():
        return "get all that xdrl needs: install the package again, without --no-deps"
    python = Path(sys.executable).name if sys.executable else "python"
    return f"get all that xdrl needs: {python} -m pip install -r {_REQUIREMENTS}, or use ./run, which gets it itself"


if __name__ == "__main__":
    main()
