"""Draws learning curves: one panel a game, its scores above and the policy's entropy below, over agent steps."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator

from xdrl.config import FRAMES_PER_STEP, SCORE_WINDOW
from xdrl.pictures.curves import Curve, Panel, Series
from xdrl.pictures.figure_files import save_figure

WIDTH, DOTS_PER_INCH = 8.0, 200
"""Inches, and pixels an inch: at half of its 1,600 pixels the picture is still read without effort."""
AXES_HEIGHT, LINE_HEIGHT = 4.2, 0.16
"""Inches, of a panel's axes and of a line of its legend."""
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""That colour-blind readers tell apart (Okabe & Ito 2008), without their yellow, which is faint on white."""
STYLES = ("-", "--", "-.", ":")
"""Of lines, for readers and printers without colours; with seven colours a pair comes again after 28 lines."""
_SMALL, _NORMAL = 7.5, 8.5
_GREY, _GRID = "0.35", "0.9"
_LABEL_LENGTH = {1: 120, 2: 55}
"""Characters of the legend that fit into a line, by the number of columns."""
_ROUND_STEPS = (1, 2, 2.5, 5, 10)
"""Distances between two ticks, times a power of ten; four times as many frames are round, too."""


def save_curves(path: Path, panels: Sequence[Panel]) -> None:
    """Writes learning curves as a PNG, the folders on the way included.

    Raises:
        UserError: it could not be written.
    """
    save_figure(path, draw_curves(panels))


def draw_curves(panels: Sequence[Panel]) -> Figure:
    """Draws a panel for every game, two beside each other.

    Args:
        panels: at least one.
    """
    columns = min(len(panels), 2)
    rows = [panels[start : start + columns] for start in range(0, len(panels), columns)]
    legends = [[_legend(panel, _LABEL_LENGTH[columns]) for panel in row] for row in rows]
    num_lines = [max(map(len, row)) for row in legends]
    heights = [AXES_HEIGHT + LINE_HEIGHT * count for count in num_lines]
    figure = Figure((WIDTH, sum(heights)), dpi=DOTS_PER_INCH, layout="constrained", facecolor="white")
    cells = figure.subfigures(len(rows), columns, squeeze=False, height_ratios=heights)
    for index, row in enumerate(rows):
        for cell, panel, legend in zip(cells[index], row, legends[index], strict=False):
            _draw_panel(cell, panel, 10 // columns)
            # Panels beside each other stay level where their legends are as long.
            legend += [Line2D([], [], linestyle="", label=" ")] * (num_lines[index] - len(legend))
            cell.legend(handles=legend, loc="outside lower left", fontsize=_SMALL, frameon=False, handlelength=3.2)
    return figure


def format_steps(largest: float) -> Callable[[float, object], str]:
    """Returns how the numbers of an axis are written that ends at `largest`: 0.5 M, 50 k or 500."""
    unit, name = (1e6, " M") if largest >= 5e5 else (1e3, " k") if largest >= 2e3 else (1, "")
    return lambda value, _: f"{value / unit:.10g}{name}" if value else "0"


def _draw_panel(cell: SubFigure, panel: Panel, num_ticks: int) -> None:
    top, bottom = cell.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    for curve, look in zip(panel.curves, map(_look, range(len(panel.curves))), strict=True):
        marker = "." if len(curve.scores.values) == 1 else ""
        top.plot(*curve.scores, **look, linewidth=1.6, marker=marker)
        bottom.plot(*curve.entropies, **look, linewidth=1.0, marker=marker)
        if point := curve.evaluation:
            bar = None if math.isnan(point.standard_error) else point.standard_error
            top.errorbar(
                point.agent_steps, point.mean, bar, fmt="o", color=look["color"], capsize=3, markersize=4.5, zorder=3
            )
    if panel.paper and panel.is_paper_near:
        best_mean = panel.paper.best_mean
        top.axhline(best_mean, color=_GREY, linewidth=0.8, zorder=1.5)
        # Right of the axes, where no curve can run through it.
        place = top.get_yaxis_transform()
        top.text(1.01, best_mean, "paper", color=_GREY, fontsize=_SMALL, va="center", transform=place)
    top.set_title(panel.game, fontsize=11, fontweight="bold", loc="left")
    top.set_ylabel(f"mean score of the last {SCORE_WINDOW} games", fontsize=_NORMAL)
    bottom.set_ylabel("entropy\n(nats)", fontsize=_NORMAL)
    _draw_steps(top, bottom, _first_step(panel), _last_step(panel), num_ticks)


def _draw_steps(top: Axes, bottom: Axes, first_step: int, last_step: int, num_ticks: int) -> None:
    """Dresses the axes: agent steps below, the frames that they are above, a faint grid."""
    end = last_step + 0.02 * (last_step - first_step)
    bottom.set_xlim(first_step, end)
    bottom.set_xlabel("agent steps", fontsize=_NORMAL)
    converters = (lambda steps: np.multiply(steps, FRAMES_PER_STEP), lambda n: np.divide(n, FRAMES_PER_STEP))
    frames = top.secondary_xaxis("top", functions=converters)
    frames.set_xlabel("frames", fontsize=_NORMAL)
    locator = MaxNLocator(num_ticks, steps=_ROUND_STEPS, integer=True)
    ticks = [tick for tick in locator.tick_values(first_step, last_step) if first_step <= tick <= end]
    for axis, factor in ((bottom.xaxis, 1), (frames.xaxis, FRAMES_PER_STEP)):
        axis.set_ticks([tick * factor for tick in ticks])
        axis.set_major_formatter(FuncFormatter(format_steps(last_step * factor)))
    frames.tick_params(labelsize=_SMALL)
    for axes in (top, bottom):
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
        axes.tick_params(labelsize=_SMALL)
        axes.set_axisbelow(True)
        axes.grid(color=_GRID, linewidth=0.6)
        axes.spines["right"].set_visible(False)
    bottom.spines["top"].set_visible(False)
    bottom.yaxis.set_major_locator(MaxNLocator(4))
    bottom.set_ylim(bottom=0)


def _first_step(panel: Panel) -> int:
    """Returns where the axis begins: at 0, but where nothing is known of the first half at the first known step."""
    first = min((int(one.agent_steps.min()) for one in _series(panel) if len(one.agent_steps)), default=0)
    return first if _last_step(panel) / 2 < first < _last_step(panel) else 0


def _series(panel: Panel) -> list[Series]:
    return [series for curve in panel.curves for series in (curve.scores, curve.entropies)]


def _last_step(panel: Panel) -> int:
    evaluated = [curve.evaluation.agent_steps for curve in panel.curves if curve.evaluation]
    return max(evaluated + [int(one.agent_steps.max(initial=1)) for one in _series(panel)])


def _look(index: int) -> dict[str, Any]:
    return {"color": COLOURS[index % len(COLOURS)], "linestyle": STYLES[index % len(STYLES)]}


def _legend(panel: Panel, length: int) -> list[Line2D]:
    """Says what is drawn, a line of text for a run, one for its evaluation, and one for the paper."""
    entries = []
    for index, curve in enumerate(panel.curves):
        entries.append(Line2D([], [], **_look(index), linewidth=1.6, label=_label(curve, length)))
        if point := curve.evaluation:
            text = f"evaluated: {_score(point.mean, point.standard_error)}"
            text += "" if math.isnan(point.standard_error) else " (standard error)"
            entries.append(Line2D([], [], color=_look(index)["color"], marker="o", linestyle="", label=text))
    if panel.paper:
        is_drawn = panel.is_paper_near
        text = f"paper's E-A3C, best mean: {_score(panel.paper.best_mean, panel.paper.standard_error)}"
        text += "" if is_drawn else ", off scale"
        entries.append(Line2D([], [], color=_GREY, linewidth=0.8, linestyle="-" if is_drawn else "", label=text))
    return entries


def _score(mean: float, standard_error: float) -> str:
    return f"{mean:,.2f}" + ("" if math.isnan(standard_error) else f" ± {standard_error:,.2f}")


def _label(curve: Curve, length: int) -> str:
    """Names a run; of a long path its end. A dollar would begin a formula."""
    start, folder = f"{curve.game}, {curve.network}, ", str(curve.folder)
    room = length - len(start)
    ending = folder if len(folder) <= room else f"…{folder[1 - room :]}"
    return f"{start}{ending}".replace("$", r"\$")
