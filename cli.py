"""The command line: puts the commands together, and turns whatever goes wrong into one line."""

import os
import sys
from typing import Annotated

import typer

from xdrl.commands.benchmark import benchmark
from xdrl.commands.cards import cards
from xdrl.commands.console import errors
from xdrl.commands.evaluate import evaluate
from xdrl.commands.explain import explain
from xdrl.commands.export import export
from xdrl.commands.figures import figures
from xdrl.commands.games import games
from xdrl.commands.methods import methods
from xdrl.commands.plot import plot
from xdrl.commands.query import query
from xdrl.commands.recipe import recipe
from xdrl.commands.serve import serve
from xdrl.commands.table import table
from xdrl.commands.train import train
from xdrl.commands.trust import trust
from xdrl.commands.watch import watch
from xdrl.errors import UserError

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# TensorFlow leaves oneDNN off on some processors that it doubles the training speed of.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

app = typer.Typer(
    help="Train Atari agents, see what they look at, and serve action and heatmap together.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for command in (
    *(train, recipe, evaluate, table, explain, watch, trust, figures, plot),
    *(export, serve, query, games, cards, methods, benchmark),
):
    app.command(context_settings={"token_normalize_func": lambda token: token.replace("_", "-")})(command)


@app.callback()
def options(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Reads the options that all commands share; `main` has acted on them already."""


def main() -> None:
    """Runs a command; whatever goes wrong is one line, and the traceback with `--debug`."""
    _open_closed_streams()
    arguments = [argument for argument in sys.argv[1:] if argument != "--debug"]
    is_debug = len(arguments) < len(sys.argv) - 1
    try:
        app(arguments)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        if is_debug:
            raise
        kind = "" if isinstance(error, UserError) else f"{type(error).__name__}: "
        message = " ".join(str(error).split())
        errors.print(f"error: {kind}{message}", style="red", markup=False, highlight=False, soft_wrap=True)
        sys.exit(1)


def _open_closed_streams() -> None:
    """Gives a daemon that was started without output or error stream one that leads nowhere."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            os.dup2(os.open(os.devnull, os.O_RDWR), number)
            setattr(sys, name, os.fdopen(number, "r" if name == "stdin" else "w"))


if __name__ == "__main__":
    main()
