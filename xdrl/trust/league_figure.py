"""Draws a league: a panel for each test, a line for each method, its interval beside what it has to be above."""

import textwrap
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from xdrl.pictures.figure_files import save_figure
from xdrl.policies import OF_Q_VALUES
from xdrl.trust.baselines import CHANCE
from xdrl.trust.figure import COLOURS, DOTS_PER_INCH, WIDTH, dress, find_margins
from xdrl.trust.league_records import COLUMNS, RIVALS, Column, League
from xdrl.trust.records import OWN, REMOVAL

_HEAD, _LINE_HEIGHT, _SMALL = 2.2, 0.3, 7.5
"""Inches of title and legend, and of a method; points of the small print."""
_LINE = 150
"""Characters of a line that is as wide as the picture."""


def save_league(path: Path, league: League) -> None:
    """Writes the figure as a PNG, the folders on the way included.

    Raises:
        UserError: it could not be written.
    """
    save_figure(path, draw_league(league))


def draw_league(league: League) -> Figure:
    """Draws a panel for each test."""
    height = _HEAD + _LINE_HEIGHT * len(league.rows)
    figure = Figure((WIDTH, height), dpi=DOTS_PER_INCH, layout="constrained", facecolor="white")
    games = len(league.episodes)
    title = (
        f"{league.agent.game}, {league.agent.source}, {games} games; filled: holds above all that it has to be above"
    )
    words = f"{league.summary} {OF_Q_VALUES}" if league.agent.judges_actions else league.summary
    figure.suptitle("\n".join([*textwrap.wrap(words, _LINE), title]), fontsize=10)
    panels = figure.subplots(1, len(COLUMNS), sharey=True)
    for axes, (name, column) in zip(panels, COLUMNS.items(), strict=True):
        _draw_test(axes, league, name, column)
    panels[0].set_yticks(range(len(league.rows)), [row.method for row in league.rows])
    panels[0].invert_yaxis()
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels), fontsize=_SMALL, frameon=False)
    return figure


def _draw_test(axes: Axes, league: League, name: str, column: Column) -> None:
    cells = [row.cells[name] for row in league.rows]
    for source in column.rivals:
        if source != CHANCE:
            means = [cell.rivals[source].mean for cell in cells]
            axes.plot(means, range(len(cells)), "|", color=COLOURS[source], markersize=9, label=RIVALS[source])
    for place, cell in enumerate(cells):
        axes.errorbar(
            cell.interval.mean,
            place,
            xerr=find_margins([cell.interval]),
            marker="o",
            color=COLOURS[OWN],
            markerfacecolor=COLOURS[OWN] if cell.holds else "white",
            linewidth=1,
            label="the method" if place == 0 else None,
        )
    if column.key.test != REMOVAL:  # shares and correlations; a wide interval does not push the marks together
        axes.set_xlim(max(axes.get_xlim()[0], -1), min(axes.get_xlim()[1], 1.1))
    axes.axvline(column.chance, color="0.35", linewidth=0.8)
    dress(axes, column.title)
    axes.grid(axis="x", color="0.9", linewidth=0.6)
