"""What the command line shows, as rich renderables; nothing here prints."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from xdrl.config import FRAMES_PER_STEP, SCORE_WINDOW
from xdrl.games import GAMES
from xdrl.pictures.colours import colour_table

if TYPE_CHECKING:  # these import a backend, which takes seconds
    from xdrl.evaluation import Summary
    from xdrl.methods import MethodRow
    from xdrl.standings import Standing
    from xdrl.storage.progress import Progress


_SHADES = "·░▒▓█"
"""Weak to strong, for terminals and readers without colours."""


def training_view(title: str, progress: "Progress", target_steps: int, first_steps: int, seconds_left: float) -> Panel:
    """Shows how a run is doing.

    Args:
        title: of the panel.
        progress: the newest figures.
        target_steps: agent steps of the whole run.
        first_steps: agent steps when this call began.
        seconds_left: NaN where it cannot be told yet.
    """
    table = Table.grid(padding=(0, 3))
    for _ in range(4):
        table.add_column(justify="left")
    pairs = [
        ("agent steps", f"{progress.agent_steps:,} of {target_steps:,}"),
        ("episodes", f"{progress.episodes:,}"),
        ("frames", f"{progress.frames:,}"),
        (f"mean of last {SCORE_WINDOW}", _figure(progress.score_mean_100)),
        ("steps/s", _figure(progress.steps_per_second, 0)),
        ("best score", _figure(progress.score_best, 0)),
        ("frames/s", _figure(progress.steps_per_second * FRAMES_PER_STEP, 0)),
        ("entropy", f"{_figure(progress.entropy, 3)} nats"),
        ("trained", _duration(progress.seconds)),
        ("value loss", _figure(progress.value_loss, 4)),
        ("time left", _duration(seconds_left)),
        ("gradient norm", _figure(progress.gradient_norm)),
        ("this call", f"{progress.agent_steps - first_steps:,} steps"),
        ("policy lag", f"{_figure(progress.policy_lag)} updates"),
        ("learning rate", _short(progress.learning_rate)),
        ("entropy cost", _short(progress.entropy_cost)),
    ]
    for left, right in zip(pairs[::2], pairs[1::2], strict=True):
        table.add_row(Text(left[0], "dim"), left[1], Text(right[0], "dim"), right[1])
    if progress.bad_gradients:
        table.add_row(Text("not finite", "red"), f"{progress.bad_gradients:,} gradients, not applied")
    bar = ProgressBar(total=target_steps, completed=min(progress.agent_steps, target_steps), width=60)
    return Panel(Group(table, bar), title=title, subtitle="Ctrl-C saves and stops", expand=False)


def training_line(progress: "Progress") -> str:
    """Says in one line how a run is doing, for output that goes to a file."""
    return (
        f"{progress.agent_steps:,} steps, {progress.frames:,} frames, {_figure(progress.steps_per_second, 0)} steps/s, "
        f"{progress.episodes:,} episodes, mean of last {SCORE_WINDOW} {_figure(progress.score_mean_100)}, "
        f"entropy {_figure(progress.entropy, 3)}"
        + (f", {progress.bad_gradients:,} gradients not finite" if progress.bad_gradients else "")
    )


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
    table = Table(title="Games of the paper, with its Table I")
    table.add_column("game")
    for name in ("A3C-LSTM", "E-A3C best 100-episode mean", "E-A3C best score"):
        table.add_column(name, justify="right")
    table.add_column("shipped agent")
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


def evaluation_view(title: str, summary: "Summary") -> Table:
    """Shows the figures of an evaluation."""
    table = Table(title=title, show_header=False)
    best_mean = "needs 100 episodes" if summary.best_mean_100 is None else f"{summary.best_mean_100:,.2f}"
    table.add_row("episodes", f"{summary.num_episodes}")
    table.add_row("mean ± standard error", f"{summary.mean:,.2f} ± {_figure(summary.standard_error)}")
    table.add_row("best 100-episode average", best_mean)
    table.add_row("best score", f"{summary.best_score:,.0f}")
    return table


def answer_view(action_name: str, probabilities: Mapping[str, float], value: float) -> Table:
    """Shows an agent's decision: every action's probability as a bar, and the value."""
    table = Table(title=f"action {action_name}, value {value:.3f}", show_header=False)
    for name, probability in probabilities.items():
        bar = ProgressBar(total=1.0, completed=probability, width=30)
        table.add_row(Text(name, "bold" if name == action_name else ""), bar, f"{probability:.3f}")
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
    return f"version {standing.path.name}, {standing.agent_steps or 0:,} steps, {score}"


def _figure(value: float, digits: int = 2) -> str:
    return "-" if math.isnan(value) else f"{value:,.{digits}f}"


def _short(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.3g}"


def _duration(seconds: float) -> str:
    if not math.isfinite(seconds):
        return "-"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}"
