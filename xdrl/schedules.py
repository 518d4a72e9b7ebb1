"""Numbers that change over a run: constant, or linear between points of its progress."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from xdrl.errors import UserError


@dataclass(frozen=True)
class Schedule:
    """A value over a run's progress, like `optax.linear_schedule` and `keras.optimizers.schedules`.

    Attributes:
        points: (progress, value) in rising order of progress, which is 0 where a run begins and 1 where its budget of
            agent steps is used; the value is linear between two points, and level before the first and after the last.
    """

    points: tuple[tuple[float, float], ...]

    def __post_init__(self) -> None:
        """Raises UserError where the points are none, not finite, outside of a run or not in order."""
        times = [progress for progress, _ in self.points]
        is_finite = all(math.isfinite(number) for point in self.points for number in point)
        if not times or not is_finite or times != sorted(set(times)) or not 0 <= times[0] <= times[-1] <= 1:
            raise UserError(f"expected points of rising progress between 0 and 1, with finite values, got {self}")

    def __call__(self, progress: float) -> float:
        """Returns the value at a progress between 0 and 1."""
        times, values = np.array(self.points).T
        return float(np.interp(progress, times, values))

    def __str__(self) -> str:
        """Returns what `parse_schedule` reads."""
        if len(self.points) == 1:
            return f"{self.points[0][1]:g}"
        return ",".join(f"{progress:g}:{value:g}" for progress, value in self.points)

    @property
    def lowest(self) -> float:
        """The lowest value it ever takes."""
        return min(value for _, value in self.points)


def constant(value: float) -> Schedule:
    """Returns a value that never changes."""
    return Schedule(((0.0, float(value)),))


def linear(*points: tuple[float, float]) -> Schedule:
    """Returns a value that is linear between (progress, value) points."""
    return Schedule(tuple((float(progress), float(value)) for progress, value in points))


def parse_schedule(text: str) -> Schedule:
    """Reads a schedule as one writes it on a command line: `3e-4`, or `0:3e-4,0.5:1e-4,1:0`.

    Raises:
        UserError: the text is something else.
    """
    try:
        if ":" not in text:
            return constant(float(text))
        pairs = [part.split(":") for part in text.split(",")]
        return linear(*((float(progress), float(value)) for progress, value in pairs))
    except ValueError as error:
        raise UserError(f"expected a number, or PROGRESS:VALUE,... such as 0:3e-4,1:0, got {text!r}") from error


def schedule_to_json(schedule: Schedule) -> float | list[list[float]]:
    """Returns a constant as a number, anything else as its points; `schedule_from_json` turns them back."""
    return schedule.points[0][1] if len(schedule.points) == 1 else [list(point) for point in schedule.points]


def schedule_from_json(value: Any) -> Schedule:
    """Builds a schedule from what `schedule_to_json` returned.

    Raises:
        UserError: the value is something else.
    """
    try:
        return linear(*value) if isinstance(value, list) else constant(value)
    except (TypeError, ValueError) as error:
        raise UserError(f"expected a number or [progress, value] points, got {value!r}") from error
