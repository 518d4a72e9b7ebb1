"""What the command line shows, as rich renderables; nothing here prints."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from xdrl.games import GAMES
from xdrl.pictures.bars import bar_lengths
from xdrl.pictures.colours import colour_table

if TYPE_CHECKING:  # these import a backend, which takes seconds
    from xdrl.evaluation import Summary
    from xdrl.methods import MethodRow
    from xdrl.standings import Standing

_SHADES = "·░▒▓█"
"""Weak to strong, for terminals and readers without colours."""


def methods_view(methods: Mapping[str, "MethodRow"]) -> RenderableType:
    """Lists explanation methods by name."""
    table = Table(caption="`explain --method NAME`, or `--method all` to compare them.", caption_justify="left")
    for heading in ("method", "what the map is made of", "source"):
        table.add_column(heading, no_wrap=heading == "method")
    for name, method in methods.items():
        table.add_row(name, method.description, method.source)
    return table


def games_view(shipped: Mapping[str, "Standing"]) -> RenderableType:
    """Lists the paper's games, its Table I and the agents that are shipped, by game."""
    table = Table(title="Games of the paper, with its Table I", pad_edge=False)  # 80 columns are just enough
    table.add_column("game", no_wrap=True)
    for name in ("A3C-LSTM", "E-A3C, best mean\nof 100 games", "E-A3C,\nbest score"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("shipped agent", no_wrap=True)
    for game in GAMES.values():
        paper = game.paper_scores
        if paper is None:
            continue
        agent = _shipped(shipped[game.name]) if game.name in shipped else "-"
        table.add_row(
            game.name,
            f"{paper.a3c_lstm:,.1f}",
            f"{paper.best_mean:,.2f} ± {paper.standard_error:,.2f}",
            f"{paper.best_score:,.1f}",
            agent,
        )
    note = Text(
        "SpaceInvaders' A3C-LSTM is mended: the paper has 164,766.0, a slip of the row. Any other game of ale-py "
        "trains too, by its name.",
        "dim",
    )
    return Group(table, note)


def evaluation_view(title: str, summary: "Summary") -> RenderableType:
    """Shows the figures of an evaluation under a title, which may be wider than they are."""
    table = Table(show_header=False)
    best_mean = "needs 100 episodes" if summary.best_mean_100 is None else f"{summary.best_mean_100:,.2f}"
    table.add_row("episodes", f"{summary.num_episodes}")
    table.add_row("mean ± standard error", f"{summary.mean:,.2f} ± {_figure(summary.standard_error)}")
    table.add_row("best 100-episode average", best_mean)
    table.add_row("best score", f"{summary.best_score:,.0f}")
    return Group(Text(title, "italic"), table)


def mean_line(summary: "Summary") -> str:
    """Says the mean of the games that have ended so far."""
    return f"mean {summary.mean:,.2f}" + ("" if summary.num_episodes < 2 else f" ± {summary.standard_error:,.2f}")


def answer_view(
    action_name: str, probabilities: Mapping[str, float], value: float, q_values: Mapping[str, float] | None = None
) -> Table:
    """Shows an agent's decision: every action's probability, or its Q-value, as a bar, and the value."""
    called = "value" if q_values is None else "best Q-value"
    table = Table(title=f"action {action_name}, {called} {value:.3f}", show_header=False)
    figures = probabilities if q_values is None else q_values
    lengths = bar_lengths(np.array(list(figures.values())), q_values is not None)
    for (name, figure), length in zip(figures.items(), lengths, strict=True):
        bar = ProgressBar(total=1.0, completed=float(length), width=30)
        table.add_row(Text(name, "bold" if name == action_name else ""), bar, f"{figure:.3f}")
    return table


def heatmap_view(heatmap: np.ndarray) -> Text:
    """Shows a heatmap, float32 [h, w] in [0, 1], as shaded and coloured blocks, two characters a cell."""
    colours = colour_table()
    text = Text()
    for row in np.clip(heatmap, 0, 1):
        for strength in row:
            red, green, blue = (int(channel) for channel in colours[int(strength * 255)])
            shade = _SHADES[min(int(strength * len(_SHADES)), len(_SHADES) - 1)]
            text.append(shade * 2, style=f"rgb({red},{green},{blue})")
        text.append("\n")
    return text


def _shipped(standing: "Standing") -> str:
    score = "not evaluated" if standing.mean is None else f"mean {standing.mean:,.2f}"
    return f"version {standing.path.name}\n{(standing.agent_steps or 0) / 1e6:.1f} M steps\n{score}"


def _figure(value: float, digits: int = 2) -> str:
    return "-" if math.isnan(value) else f"{value:,.{digits}f}"
