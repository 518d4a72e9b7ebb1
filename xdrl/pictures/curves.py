"""Learning curves: which are drawn, what is in them, and what of the paper stands beside them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from xdrl.config import load_run_config
from xdrl.errors import UserError
from xdrl.games import GAMES, PaperScores
from xdrl.storage.progress import PROGRESS, Progress, read_progress
from xdrl.storage.runs import CONFIG, RUNS, is_run, load_evaluations
from xdrl.storage.saved_models import (
    AGENT_JSON,
    PROGRESS_CSV,
    SAVED_MODELS,
    highest_version,
    read_agent_json,
    read_evaluations,
    shipped_agents,
)

DRAWN_PROTOCOL = "standard"
"""Of the evaluations that are drawn: under another one the same agent has another score."""
LEAST_SHARE = 0.25
"""Of a panel's height that the data fill at least where the paper's score is drawn with them."""


class Series(NamedTuple):
    """A figure as it changed: agent steps int64 [N], values float64 [N], all finite."""

    agent_steps: np.ndarray
    values: np.ndarray


@dataclass(frozen=True)
class EvaluationPoint:
    """What whole games gave.

    Attributes:
        agent_steps: of the weights that played.
        mean: true score.
        standard_error: of the mean; NaN for a single game.
    """

    agent_steps: int
    mean: float
    standard_error: float


@dataclass(frozen=True)
class Curve:
    """How a run learned.

    Attributes:
        game: CamelCase name.
        network: its kind.
        folder: of the run or of the exported version.
        scores: mean true score of the last 100 games.
        entropies: of the policy, in nats.
        evaluation: the last one under the standard protocol; None where there is none.
    """

    game: str
    network: str
    folder: Path
    scores: Series
    entropies: Series
    evaluation: EvaluationPoint | None


@dataclass(frozen=True)
class Panel:
    """The curves of one game: scores of different games have no scale in common.

    Attributes:
        game: CamelCase name.
        curves: at least one.
        paper: the game's row in Table I; None for a game that the paper does not have.
    """

    game: str
    curves: tuple[Curve, ...]
    paper: PaperScores | None

    @property
    def is_paper_near(self) -> bool:
        """Says whether the paper's best mean can be drawn on the curves' own scale without flattening them."""
        if self.paper is None:
            return False
        values = [*np.concatenate([curve.scores.values for curve in self.curves])]
        values += [curve.evaluation.mean for curve in self.curves if curve.evaluation]
        drawn = np.ptp([*values, self.paper.best_mean])
        return bool(np.ptp(values) >= LEAST_SHARE * drawn)


def read_curve(folder: Path) -> Curve:
    """Reads how a run learned.

    Args:
        folder: of a run, of an exported agent (its highest version) or of one version of it.

    Raises:
        UserError: the folder holds neither, or no curve.
    """
    if is_run(folder):
        training, _ = load_run_config(folder / CONFIG)
        return _make_curve(training.game, training.network, folder, folder / PROGRESS, load_evaluations(folder))
    version = highest_version(folder) or folder
    if not (version / AGENT_JSON).exists():
        found = "neither" if folder.exists() else "no such folder"
        raise UserError(f"expected a run or an exported agent in {folder}, got {found}")
    values = read_agent_json(version)
    try:
        game, network, evaluations = values["game"], values["network"]["kind"], read_evaluations(values)
    except (LookupError, TypeError) as error:
        raise UserError(f"expected game, network and evaluation in {version / AGENT_JSON}, got no {error}") from error
    return _make_curve(game, network, version, version / PROGRESS_CSV, evaluations)


def find_curves(runs: Path = RUNS, saved_models: Path | None = None) -> tuple[list[Curve], list[str]]:
    """Reads the curves that are meant where none is named: of every run, else of the shipped agents.

    Args:
        runs: where the runs are.
        saved_models: where the shipped agents are; None for all that `shipped_agents` finds.

    Returns:
        the curves, and a line for each run or agent that has none.

    Raises:
        UserError: there is no curve at all.
    """
    curves: list[Curve] = []
    without: list[str] = []
    for folders in (sorted(path.parent for path in runs.glob(f"*/{CONFIG}")), shipped_agents(saved_models).values()):
        for folder in () if curves else folders:
            try:
                curves.append(read_curve(folder))
            except UserError as error:
                without.append(str(error))
    if not curves:
        none = f"expected a learning curve in {runs} or {saved_models or SAVED_MODELS}, found none; get one: train Pong"
        raise UserError("; ".join(without) or none)
    return curves, without


def make_panels(curves: Sequence[Curve]) -> list[Panel]:
    """Sorts curves by game, in the order in which the games come."""
    games = dict.fromkeys(curve.game for curve in curves)
    papers = {name: GAMES[name].paper_scores if name in GAMES else None for name in games}
    return [Panel(name, tuple(curve for curve in curves if curve.game == name), papers[name]) for name in games]


def _make_curve(game: str, network: str, folder: Path, log: Path, evaluations: Any) -> Curve:
    rows = read_progress(log)
    scores = _series(rows, "score_mean_100")
    if not len(scores.values):
        found = "no such file" if not log.exists() else "no game that ended" if rows else "no rows"
        raise UserError(f"expected a learning curve in {log}, got {found}")
    return Curve(game, network, folder, scores, _series(rows, "entropy"), _read_evaluation(evaluations))


def _series(rows: list[Progress], name: str) -> Series:
    """Takes a column without the rows in which it has no number yet."""
    steps = np.array([row.agent_steps for row in rows], np.int64)
    values = np.array([getattr(row, name) for row in rows], np.float64)
    return Series(steps[np.isfinite(values)], values[np.isfinite(values)])


def _read_evaluation(evaluations: Any) -> EvaluationPoint | None:
    try:
        record = evaluations[DRAWN_PROTOCOL]
        error = record["standard_error"]
        return EvaluationPoint(record["agent_steps"], float(record["mean"]), float("nan" if error is None else error))
    except (LookupError, TypeError, ValueError):
        return None
