"""How a run is doing: what the workers report becomes rows of `progress.csv`, TensorBoard events and a display."""

import csv
import dataclasses
import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from xdrl.config import FRAMES_PER_STEP, SCORE_WINDOW, TrainingConfig
from xdrl.errors import UserError
from xdrl.storage.checkpoints import RunState
from xdrl.storage.events import EventsFile
from xdrl.storage.files import replace_file

if TYPE_CHECKING:  # it imports a backend, which takes seconds, and who draws a curve has no use for it
    from xdrl.messages import Report

PROGRESS = "progress.csv"
SHORTEST_RATED_SECONDS = 1.0
"""A rollout that ends within a shorter row began before it: its steps would make a rate that nothing has."""


@dataclass(frozen=True)
class Progress:
    """A row of `progress.csv`, and what is only shown.

    Losses, entropy, norm and lag are means since the row before; NaN where none came.

    Attributes:
        agent_steps: of the whole run.
        frames: emulator frames of the whole run.
        seconds: of training of the whole run, resumes included.
        steps_per_second: agent steps since the row before; where that is hardly a moment ago, the rate of then.
        episodes: games ended.
        score_mean_100: mean true score of the last 100 games; NaN before the first.
        score_best: best true score; NaN before the first.
        entropy: of the policy, in nats.
        policy_loss: of a step.
        value_loss: of a step.
        gradient_norm: before clipping.
        policy_lag: updates by others between copying the weights and applying the gradients.
        learning_rate: of now, by the run's schedule; NaN in rows of before there were schedules, as the next one.
        entropy_cost: of now.
        bad_gradients: that were not finite, and so not applied, in the whole run; not in the file, as the next two.
        late_gradients: whose policy lag was above the run's bound, and so not applied, in the whole run.
        note: on how the workers are, "" where all is well.
    """

    agent_steps: int
    frames: int
    seconds: float
    steps_per_second: float
    episodes: int
    score_mean_100: float
    score_best: float
    entropy: float
    policy_loss: float
    value_loss: float
    gradient_norm: float
    policy_lag: float
    learning_rate: float = float("nan")
    entropy_cost: float = float("nan")
    bad_gradients: int = 0
    late_gradients: int = 0
    note: str = ""


SHOWN_ONLY = ("bad_gradients", "late_gradients", "note")
_COLUMN_TYPES: dict[str, Any] = {
    field.name: field.type for field in dataclasses.fields(Progress) if field.name not in SHOWN_ONLY
}
COLUMNS = tuple(_COLUMN_TYPES)
LATER_COLUMNS = ("learning_rate", "entropy_cost")
"""That the curves of older agents do not have."""


def record_scores(state: RunState, reports: "list[Report]") -> None:
    """Adds the games that ended to the run's state."""
    scores = [score for report in reports for score in report.lesson.scores]
    state.episodes += len(scores)
    state.recent_scores = (state.recent_scores + scores)[-SCORE_WINDOW:]
    if scores:
        state.score_best = max(scores if state.score_best is None else [*scores, state.score_best])


def summarise(
    config: TrainingConfig, state: RunState, reports: "list[Report]", seconds: float, rate_before: float = float("nan")
) -> Progress:
    """Makes a row.

    Args:
        config: of the run.
        state: of the run, at the end of the row's time.
        reports: of the row's time.
        seconds: the row's time.
        rate_before: steps a second in the row before, NaN where there is none.
    """
    run_progress = config.progress(state.agent_steps)
    num_steps = sum(report.lesson.num_steps for report in reports)
    finite = [report.lesson.gradients for report in reports if np.isfinite(report.lesson.gradients.norm)]

    def mean(values: list[float]) -> float:
        return float(np.mean(values)) if values else float("nan")

    return Progress(
        agent_steps=state.agent_steps,
        frames=state.agent_steps * FRAMES_PER_STEP,
        seconds=round(state.seconds, 1),
        steps_per_second=rate_before if seconds < SHORTEST_RATED_SECONDS else num_steps / seconds,
        episodes=state.episodes,
        score_mean_100=mean(state.recent_scores),
        score_best=float("nan") if state.score_best is None else state.score_best,
        entropy=mean([gradients.entropy for gradients in finite]),
        policy_loss=mean([gradients.policy_loss for gradients in finite]),
        value_loss=mean([gradients.value_loss for gradients in finite]),
        gradient_norm=mean([gradients.norm for gradients in finite]),
        policy_lag=mean([float(report.policy_lag) for report in reports]),
        learning_rate=config.learning_rate(run_progress),
        entropy_cost=config.entropy_cost(run_progress),
        bad_gradients=state.bad_gradients,
        late_gradients=state.late_gradients,
    )


class ProgressLog:
    """Writes rows to `progress.csv` and to TensorBoard events."""

    def __init__(self, run_dir: Path, agent_steps: int, first_log: Path | None = None) -> None:
        """Opens the run's log; rows beyond `agent_steps`, lost with a killed run, are dropped.

        Args:
            run_dir: of the run.
            agent_steps: that the run begins with.
            first_log: a log to go on from instead of the run's own.
        """
        self._path = run_dir / PROGRESS
        rows = read_progress(first_log or self._path)
        write_progress(self._path, [row for row in rows if row.agent_steps <= agent_steps])
        self._events = EventsFile(run_dir)

    def write(self, progress: Progress) -> None:
        """Appends one row; where the file was deleted, a new one begins with it.

        Raises:
            UserError: it could not be written.
        """
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("a", newline="", encoding="utf-8") as file:
                writer = csv.writer(file)
                if not file.tell():
                    writer.writerow(COLUMNS)
                writer.writerow(_cells(progress))
        except OSError as error:
            raise UserError(f"{self._path} cannot be written: {error.strerror or error}") from error
        for name in COLUMNS[2:]:
            value = getattr(progress, name)
            if np.isfinite(value):
                self._events.add_scalar(name, value, progress.agent_steps)
        self._events.flush()

    def close(self) -> None:
        """Closes the events file."""
        self._events.close()


def read_progress(path: Path) -> list[Progress]:
    """Reads `progress.csv`; a row that a killed run left unfinished is passed over."""
    if not path.exists():
        return []
    rows = []
    with path.open(newline="", encoding="utf-8", errors="replace") as file:
        reader = csv.DictReader(file)
        there = [name for name in COLUMNS if name in (reader.fieldnames or ()) or name not in LATER_COLUMNS]
        for row in reader:
            try:
                rows.append(Progress(**{name: _COLUMN_TYPES[name](row[name]) for name in there}))
            except (TypeError, ValueError, KeyError):
                continue
    return rows


def write_progress(path: Path, rows: list[Progress]) -> None:
    """Writes a `progress.csv` anew.

    Raises:
        UserError: it could not be written; the file that was there is untouched.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    writer.writerows(_cells(row) for row in rows)
    replace_file(path, text.getvalue())


def _cells(progress: Progress) -> list[str]:
    values = [getattr(progress, name) for name in COLUMNS]
    return [str(value) if isinstance(value, int) else f"{value:.6g}" for value in values]
