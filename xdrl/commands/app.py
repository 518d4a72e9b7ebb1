"""The command line: puts the commands together, and turns whatever goes wrong into one line."""

import os
import sys
from typing import Annotated

import typer

from xdrl import __version__
from xdrl.commands.benchmark import benchmark
from xdrl.commands.cards import cards
from xdrl.commands.console import console, end_at_once, errors
from xdrl.commands.evaluate import evaluate
from xdrl.commands.explain import explain
from xdrl.commands.export import export
from xdrl.commands.figures import figures
from xdrl.commands.games import games
from xdrl.commands.import_agent import import_agent
from xdrl.commands.intervene import intervene
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
from xdrl.invocation import COMMAND, program
from xdrl.signals import signals_that_interrupt

_SIGNALLED = 128
"""What shells add to a signal's number where it ends a process."""

app = typer.Typer(
    help="Train Atari agents, see what they look at, and serve action and heatmap together.",
    no_args_is_help=True,
    # A shell completes a command, not a script.
    add_completion=program() == COMMAND,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (
    *(train, recipe, evaluate, table, explain, watch, trust, intervene, figures, plot),
    *(export, serve, query, games, cards, methods, benchmark),
):
    # The real server's options have underscores, ours have dashes.
    app.command(context_settings={"token_normalize_func": lambda token: token.replace("_", "-")})(command)
app.command("import")(import_agent)


def _say_version(is_asked: bool) -> None:
    if is_asked:
        console.print(f"{COMMAND} {__version__}", highlight=False)
        raise typer.Exit


@app.callback()
def options(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    version: Annotated[
        bool, typer.Option("--version", help="Show the version.", callback=_say_version, is_eager=True)
    ] = False,
) -> None:
    """Reads the options that all commands share; `main` has acted on them already."""


def main() -> None:
    """Runs a command; whatever goes wrong is one line, and the traceback with `--debug`."""
    _open_closed_streams()
    arguments = [argument for argument in sys.argv[1:] if argument != "--debug"]
    is_debug = len(arguments) < len(sys.argv) - 1
    try:
        with signals_that_interrupt(_end) as interruption:
            try:
                app(arguments, prog_name=program())
            finally:
                if interruption.number is not None:
                    end_at_once(_SIGNALLED + interruption.number)
    except Exception as error:
        if is_debug or isinstance(error, ModuleNotFoundError):  # whose line the caller knows
            raise
        kind = "" if isinstance(error, UserError) else f"{type(error).__name__}: "
        message = " ".join(str(error).split())
        errors.print(f"error: {kind}{message}", style="red", markup=False, highlight=False, soft_wrap=True)
        sys.exit(1)


def _end(number: int) -> None:
    """Ends the process at once, as a signal has told it to; from any thread."""
    end_at_once(_SIGNALLED + number, is_flushing=False)


def _open_closed_streams() -> None:
    """Gives a daemon that was started without output or error stream one that leads nowhere."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            os.dup2(os.open(os.devnull, os.O_RDWR), number)
            setattr(sys, name, os.fdopen(number, "r" if name == "stdin" else "w"))
