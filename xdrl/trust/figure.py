"""Draws what an examination found: bars with intervals beside their baselines, a row of panels for each method."""

import textwrap
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from xdrl.pictures.figure_files import save_figure
from xdrl.policies import OF_Q_VALUES
from xdrl.trust.baselines import BASELINES, DECISIVE
from xdrl.trust.cells import ALL
from xdrl.trust.intervals import Interval
from xdrl.trust.records import OBJECTS, OCCLUSION, OWN, RANDOMISATION, REMOVAL, Key, MethodTrust, Trust

WIDTH, ROW_HEIGHT, DOTS_PER_INCH = 12.0, 7.0, 150
"""Inches, of the picture and of a method's panels, and pixels an inch."""
SOURCES = (OWN, *BASELINES)
COLOURS = dict(zip(SOURCES, ("#D55E00", "#0072B2", "#56B4E9", "#999999", "#009E73", "#F0E442", "#CC79A7"), strict=True))
"""That colour-blind readers tell apart (Okabe & Ito 2008)."""
_SMALL = 7.5
_LINE = 160
"""Characters of a line that is as wide as the picture."""


def save_trust(path: Path, trust: Trust) -> None:
    """Writes the figure as a PNG, the folders on the way included.

    Raises:
        UserError: it could not be written.
    """
    save_figure(path, draw_trust(trust))


def draw_trust(trust: Trust) -> Figure:
    """Draws six panels for each method."""
    count = len(trust.methods)
    figure = Figure((WIDTH, ROW_HEIGHT * count), dpi=DOTS_PER_INCH, layout="constrained", facecolor="white")
    cells = figure.subfigures(count, 1, squeeze=False)[:, 0]
    for cell, method in zip(cells, trust.methods, strict=True):
        agent, games = trust.agent, len(trust.episodes)
        title = f"{method.method} on {agent.game}, {agent.network}, {games} episodes: does the map tell the truth?"
        words = f"{method.summary} {OF_Q_VALUES}" if agent.judges_actions else method.summary
        cell.suptitle("\n".join([title, *textwrap.wrap(words, _LINE)]), fontsize=10)
        _draw_method(cell, method)
    return figure


def _draw_method(cell: SubFigure, method: MethodTrust) -> None:
    axes = cell.subplots(2, 3).ravel()
    kinds = method.subjects(OBJECTS, "hit - chance")
    pointing = [Key(OBJECTS, "hit - chance", kind) for kind in kinds]
    _draw_bars(axes[0], method, pointing, kinds, "peak on an object: hit minus chance", 0)
    lying = [Key(OBJECTS, "mass ratio", kind) for kind in kinds]
    _draw_bars(axes[1], method, lying, kinds, "mass on objects / their area (log)", 1)
    axes[1].set_yscale("log")
    using = [Key(OCCLUSION, output) for output in ("policy", "value")]
    _draw_bars(axes[2], method, using, ["policy", "value"], "object occlusion: rank correlation", 0)
    for axis, mode, hint in ((axes[3], "deletion", "more is better"), (axes[4], "insertion", "less is better")):
        keys = [
            Key(REMOVAL, f"{mode}, {output}", fill) for output in ("policy", "value") for fill in ("background", "blur")
        ]
        labels = [f"{key.quantity.split(', ')[1]}\n{key.subject}" for key in keys]
        _draw_bars(axis, method, keys, labels, f"{mode}, ratio to a random map: {hint}", 1)
    _draw_layers(axes[5], method)
    handles, labels = axes[0].get_legend_handles_labels()
    cell.legend(handles, labels, loc="outside lower center", ncols=len(SOURCES), fontsize=_SMALL, frameon=False)


def _draw_bars(
    axes: Axes, method: MethodTrust, keys: Sequence[Key], labels: Sequence[str], title: str, chance: float
) -> None:
    """Draws a group of bars for each key, a bar for each source; a line where a map that knows nothing would be."""
    width = 0.8 / len(SOURCES)
    for place, source in enumerate(SOURCES):
        found = [method.figure(Key(key.test, key.quantity, key.subject, source)) for key in keys]
        intervals = [figure.interval for figure in found if figure]
        if len(intervals) < len(keys):
            continue
        name = method.method if source == OWN else BASELINES[source]
        positions = np.arange(len(keys)) + (place - (len(SOURCES) - 1) / 2) * width
        heights = [interval.mean - chance for interval in intervals]
        axes.bar(positions, heights, width, bottom=chance, color=COLOURS[source], label=name)
        axes.errorbar(
            positions,
            [interval.mean for interval in intervals],
            find_margins(intervals),
            fmt="none",
            ecolor="0.2",
            elinewidth=0.8,
        )
    axes.axhline(chance, color="0.35", linewidth=0.8)
    if chance == 0:  # shares and correlations; a wide interval does not push the bars together
        axes.set_ylim(max(axes.get_ylim()[0], -1), min(axes.get_ylim()[1], 1))
    axes.set_xticks(range(len(keys)), ["all objects" if label == ALL else label for label in labels])
    dress(axes, title)


def _draw_layers(axes: Axes, method: MethodTrust) -> None:
    """Draws how alike the maps stay while layers forget, from the heads down."""
    layers = method.subjects(RANDOMISATION, "rank correlation")
    for quantity, source in (("rank correlation", OWN), ("structural similarity", DECISIVE[0])):
        found = [method.figure(Key(RANDOMISATION, quantity, layer)) for layer in layers]
        intervals = [figure.interval for figure in found if figure]
        means = [interval.mean for interval in intervals]
        axes.errorbar(
            range(len(means)), means, find_margins(intervals), marker="o", color=COLOURS[source], label=quantity
        )
    axes.axhline(0, color="0.35", linewidth=0.8)
    axes.set_xticks(range(len(layers)), [layer.replace("convolution_", "conv. ") for layer in layers])
    axes.set_ylim(top=1)
    axes.legend(fontsize=_SMALL, frameon=False)
    dress(axes, "layers forget, from the left on: likeness of the maps")


def find_margins(intervals: Sequence[Interval]) -> list[list[float]] | None:
    """Returns how far intervals reach below and above their means; None where one has no ends."""
    if not all(interval.is_known for interval in intervals):
        return None
    return [
        [interval.mean - interval.low for interval in intervals],
        [interval.high - interval.mean for interval in intervals],
    ]


def dress(axes: Axes, title: str) -> None:
    """Gives a panel its title, a grid, and no frame."""
    axes.set_title(title, fontsize=9, loc="left")
    axes.tick_params(labelsize=_SMALL)
    axes.set_axisbelow(True)
    axes.grid(axis="y", color="0.9", linewidth=0.6)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
