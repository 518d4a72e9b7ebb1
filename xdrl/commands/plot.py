"""`plot`: learning curves."""

import logging
from pathlib import Path
from typing import Annotated

import typer

from xdrl.commands.console import console


def plot(
    runs: Annotated[
        list[Path] | None,
        typer.Argument(metavar="RUN", help="A run's folder, an exported agent's, or a version's.  [default: all runs]"),
    ] = None,
    output: Annotated[Path, typer.Option(help="PNG.")] = Path("learning-curves.png"),
) -> None:
    """Draw learning curves: score and entropy over agent steps, a panel for each game."""
    # A cache of fonts that is made once is no news.
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    from xdrl.pictures.curve_figure import save_curves
    from xdrl.pictures.curves import find_curves, make_panels, read_curve

    curves, without = ([read_curve(folder) for folder in runs], []) if runs else find_curves()
    for line in without:
        console.print(f"Left out: {line}", soft_wrap=True)
    save_curves(output, make_panels(curves))
    console.print(f"Written: {output}")
