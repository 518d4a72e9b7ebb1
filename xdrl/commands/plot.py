"""`plot`: learning curves."""

from pathlib import Path
from typing import Annotated

import typer

from xdrl.commands.console import console
from xdrl.commands.loading import quieten_matplotlib


def plot(
    runs: Annotated[
        list[Path] | None,
        typer.Argument(metavar="RUN", help="A run's folder, an exported agent's, or a version's.  [default: all runs]"),
    ] = None,
    output: Annotated[Path, typer.Option(help="PNG.")] = Path("learning-curves.png"),
) -> None:
    """Draw learning curves: score and entropy over agent steps, a panel for each game."""
    quieten_matplotlib()
    from xdrl.pictures.curve_figure import save_curves
    from xdrl.pictures.curves import find_curves, make_panels, read_curve

    curves, without = ([read_curve(folder) for folder in runs], []) if runs else find_curves()
    for line in without:
        console.print(f"Left out: {line}", soft_wrap=True)
    save_curves(output, make_panels(curves))
    console.print(f"Written: {output}")
