"""How an agent learned, by its own curve: what one may expect of another that learns the same game."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from xdrl.storage.progress import read_progress
from xdrl.storage.stored_agents import find_log

RISES = (0.1, 0.5)
"""Shares of the way from its first mean to its best one, whose first reaching is told."""


class Course(NamedTuple):
    """A learning curve.

    Attributes:
        name: of the agent, such as Pong/3.
        agent_steps: int64 [N], rising.
        scores: float64 [N], mean of the last 100 games at these steps.
    """

    name: str
    agent_steps: np.ndarray
    scores: np.ndarray

    def score_at(self, agent_steps: int) -> float:
        """Returns the mean score at some agent steps, NaN outside of the curve."""
        return float(np.interp(agent_steps, self.agent_steps, self.scores, left=math.nan, right=math.nan))

    @property
    def milestones(self) -> tuple[tuple[int, float], ...]:
        """Where the mean had risen by a tenth and by half of its way, and the curve's end: agent steps and mean."""
        first, best = self.scores[0], self.scores.max()
        if best <= first:
            return ((int(self.agent_steps[-1]), float(self.scores[-1])),)
        rows = [int(np.argmax(self.scores >= first + share * (best - first))) for share in RISES]
        return tuple((int(self.agent_steps[row]), float(self.scores[row])) for row in (*rows, len(self.scores) - 1))


def read_course(version: Path) -> Course | None:
    """Reads how an exported agent learned; None where it does not say, or where no game ended."""
    log = find_log(version)
    points = [(row.agent_steps, row.score_mean_100) for row in read_progress(log)] if log else []
    points = [point for point in points if math.isfinite(point[1])]
    return make_course(f"{version.parent.name}/{version.name}", points) if points else None


def make_course(name: str, points: Sequence[tuple[int, float]]) -> Course:
    """Makes a course of agent steps and mean scores, at least one pair."""
    steps, scores = zip(*points, strict=True)
    return Course(name, np.array(steps, np.int64), np.array(scores, np.float64))
