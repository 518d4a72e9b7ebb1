"""What the terminal shows of a training run, as rich renderables; nothing here prints."""

import math
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from xdrl.config import FRAMES_PER_STEP, SCORE_WINDOW
from xdrl.courses import Course
from xdrl.views.pace import Pace

if TYPE_CHECKING:  # it imports a backend, which takes seconds
    from xdrl.storage.progress import Progress

BUILDING = "Building the networks, and playing the games out of step"
TRACING = "Compiling the networks: the first steps take long"
TRAINING = "Training"
ENDING = "Ending the updates under way, and saving"
CURVE_WIDTH, BAR_WIDTH = 48, 48
_BLOCKS = "▁▂▃▄▅▆▇█"
_POINT_SECONDS = 5.0
"""Between two points of the score's curve."""


class TrainingDisplay:
    """Shows how a run is doing, drawn anew whenever it is looked at.

    Attributes:
        pace: steps and time of this call.
        is_ending: somebody has asked for an end.
    """

    def __init__(
        self,
        title: str,
        pace: Pace,
        budget: int,
        points: Sequence[tuple[int, float]] = (),
        course: Course | None = None,
    ) -> None:
        """Takes what is known before the first step.

        Args:
            title: of the panel.
            pace: of this call.
            budget: agent steps of the whole run.
            points: agent steps and mean scores of the run so far.
            course: how the shipped agent of the game learned, None where there is none.
        """
        self.pace, self.is_ending = pace, False
        self._title, self._budget, self._course = title, budget, course
        self._points = [point for point in points if math.isfinite(point[1])]
        self._progress: Progress | None = None
        self._stage, self._stage_began, self._point_time = BUILDING, time.monotonic(), 0.0

    def update(self, progress: "Progress") -> None:
        """Takes the newest figures."""
        now = time.monotonic()
        self.pace.update(now, progress.agent_steps)
        self._progress = progress
        if math.isfinite(progress.score_mean_100) and now - self._point_time >= _POINT_SECONDS:
            self._points.append((progress.agent_steps, progress.score_mean_100))
            self._point_time = now

    def stage(self) -> str:
        """Says what is being done."""
        if self.is_ending or self.pace.seconds_left(time.monotonic()) == 0:
            return ENDING
        return TRAINING if self.pace.has_begun else BUILDING if self._progress is None else TRACING

    def __rich__(self) -> Panel:
        """Draws the panel."""
        now, stage = time.monotonic(), self.stage()
        if stage != self._stage:
            self._stage, self._stage_began = stage, now
        words = stage if stage == TRAINING else f"{stage}: {int(now - self._stage_began)} s"
        parts: list[RenderableType] = [Text(words, "bold")]
        if self._progress is not None and self.pace.has_begun:
            parts.append(_figures(self._progress, self.pace, self._budget))
        if self._progress is not None and self._progress.note:
            parts.append(Text(self._progress.note, "yellow"))
        if self._points:
            parts.append(_curve_line(self._points))
        parts += [Text(line, "dim") for line in _expectation_lines(self._course, self.pace)]
        if self._progress is not None:
            parts.append(_bar(self.pace, now))
        return Panel(Group(*parts), title=self._title, subtitle="Ctrl-C saves and stops", expand=False)


def training_line(progress: "Progress") -> str:
    """Says in one line how a run is doing, for output that goes to a file."""
    return (
        f"{progress.agent_steps:,} steps, {progress.frames:,} frames, {_figure(progress.steps_per_second, 0)} steps/s, "
        f"{progress.episodes:,} episodes, mean of last {SCORE_WINDOW} {_figure(progress.score_mean_100)}, "
        f"entropy {_figure(progress.entropy, 3)}"
        + (f", {progress.late_gradients:,} gradients too old" if progress.late_gradients else "")
        + (f", {progress.bad_gradients:,} gradients not finite" if progress.bad_gradients else "")
        + (f", {progress.note}" if progress.note else "")
    )


def course_line(course: Course) -> str:
    """Says before a run begins how the shipped agent of its game learned."""
    stood = ", ".join(f"{score:,.1f} after {steps / 1e6:.1f} M" for steps, score in course.milestones)
    return f"What to expect: the mean score of {course.name} was {stood} agent steps; other settings learn otherwise."


def next_lines(program: str, game: str, folder: str, is_default: bool, is_finished: bool) -> list[str]:
    """Says which commands come after a run.

    Args:
        program: what one types before a command's name.
        game: that was trained.
        folder: of the run.
        is_default: it is the game's own.
        is_finished: the budget is used.
    """
    where = "" if is_default else f" --run-dir {folder}"
    rows = [] if is_finished else [(f"train {game}{where}", "goes on from here")]
    rows += [
        (f"evaluate {game} --agent {folder}", "how well does it play? 100 whole games"),
        (f"explain {game} --agent {folder}", "what does it look at?"),
        (f"export {game}{where}", "as a SavedModel, for `serve`"),
    ]
    width = max(len(command) for command, _ in rows)
    return ["Next:", *(f"  {program} {command:{width}}  # {words}" for command, words in rows)]


def sparkline(points: Sequence[tuple[int, float]], width: int = CURVE_WIDTH) -> str:
    """Draws a curve in one line: a block for each part of the agent steps, blank where no point lies.

    Args:
        points: agent steps and values, at least one, finite.
        width: characters at most.
    """
    steps, values = (np.array(column, float) for column in zip(*points, strict=True))
    low, high = values.min(), values.max()
    places = np.zeros(len(steps), int)
    if steps.max() > steps.min():
        places = np.minimum(((steps - steps.min()) / (steps.max() - steps.min()) * width).astype(int), width - 1)
    means = [values[places == place].mean() if (places == place).any() else None for place in range(places.max() + 1)]
    height = (len(_BLOCKS) - 1) / (high - low) if high > low else 0.0
    return "".join(" " if mean is None else _BLOCKS[round((mean - low) * height)] for mean in means)


def _figures(progress: "Progress", pace: Pace, budget: int) -> Table:
    table = Table.grid(padding=(0, 3))
    for _ in range(4):
        table.add_column(justify="left")
    pairs = [
        ("agent steps", f"{progress.agent_steps:,} of {budget:,}"),
        ("episodes", f"{progress.episodes:,}"),
        ("frames", f"{progress.frames:,}"),
        (f"mean of last {SCORE_WINDOW}", _figure(progress.score_mean_100)),
        ("steps/s", _figure(pace.steps_per_second, 0)),
        ("best score", _figure(progress.score_best, 0)),
        ("frames/s", _figure(pace.steps_per_second * FRAMES_PER_STEP, 0)),
        ("entropy", f"{_figure(progress.entropy, 3)} nats"),
        ("trained", duration(progress.seconds)),
        ("value loss", _figure(progress.value_loss, 4)),
        ("this call", f"{progress.agent_steps - pace.first_steps:,} steps"),
        ("gradient norm", _figure(progress.gradient_norm)),
        ("learning rate", _short(progress.learning_rate)),
        ("policy lag", f"{_figure(progress.policy_lag)} updates"),
        ("entropy cost", _short(progress.entropy_cost)),
        ("", ""),
    ]
    for left, right in zip(pairs[::2], pairs[1::2], strict=True):
        table.add_row(Text(left[0], "dim"), left[1], Text(right[0], "dim"), right[1])
    if progress.late_gradients:
        table.add_row(Text("too old", "yellow"), f"{progress.late_gradients:,} gradients, not applied")
    if progress.bad_gradients:
        table.add_row(Text("not finite", "red"), f"{progress.bad_gradients:,} gradients, not applied")
    return table


def _curve_line(points: Sequence[tuple[int, float]]) -> Text:
    scores = [score for _, score in points]
    return Text.assemble(
        (f"{min(scores):,.1f} ", "dim"), (sparkline(points), "cyan"), (f" {max(scores):,.1f} mean score so far", "dim")
    )


def _expectation_lines(course: Course | None, pace: Pace) -> list[str]:
    """Says where the shipped agent stood at these steps, and when its first rise would come."""
    if course is None:
        return []
    lines, here = [], course.score_at(pace.agent_steps)
    if math.isfinite(here):
        lines.append(f"{course.name} stood at {here:,.1f} here.")
    steps, score = course.milestones[0]
    if pace.agent_steps < steps:
        until = pace.seconds_until(steps)
        wait = "" if math.isnan(until) else f", which is in {duration(until)}"
        lines.append(f"{course.name} came to {score:,.1f} at {steps / 1e6:.2f} M steps{wait}; little moves before.")
    return lines


def _bar(pace: Pace, now: float) -> Table:
    row = Table.grid(padding=(0, 1))
    share = pace.share_done(now)
    left = duration(pace.seconds_left(now))
    row.add_row(ProgressBar(total=1.0, completed=share, width=BAR_WIDTH), f"{share:.0%} of this call, {left} left")
    return row


def _figure(value: float, digits: int = 2) -> str:
    return "-" if math.isnan(value) else f"{value:,.{digits}f}"


def _short(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.3g}"


def duration(seconds: float) -> str:
    """Says a time as hours, minutes and seconds; a dash where it is not known."""
    if not math.isfinite(seconds):
        return "-"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}"
