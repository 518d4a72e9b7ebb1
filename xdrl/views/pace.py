"""How fast a call of `train` gets on, and when it will have ended: one clock, and one estimate."""

import math
from collections import deque

WINDOW_SECONDS = 120.0
"""The speed is that of so long ago until now: a machine's speed changes with what else it does."""


class Pace:
    """Steps and time of one call.

    Attributes:
        first_steps: agent steps of the run when the call began.
        agent_steps: of now.
    """

    def __init__(self, first_steps: int, budget: int, seconds: float | None) -> None:
        """Takes what bounds the call.

        Args:
            first_steps: agent steps of the run before it.
            budget: agent steps that the run ends at.
            seconds: of the call, None for no bound.
        """
        self.first_steps = self.agent_steps = first_steps
        self._budget, self._seconds = budget, seconds
        self._began: float | None = None
        self._seen: deque[tuple[float, int]] = deque()

    def update(self, now: float, agent_steps: int) -> None:
        """Takes what there is at a time, in seconds; the first call begins the clock."""
        if self._began is None:
            self._began = now
        if agent_steps > self.first_steps and (not self._seen or agent_steps > self._seen[-1][1]):
            self._seen.append((now, agent_steps))
        while len(self._seen) > 2 and now - self._seen[0][0] > WINDOW_SECONDS:
            self._seen.popleft()
        self.agent_steps = agent_steps

    @property
    def has_begun(self) -> bool:
        """Says whether there are steps of this call."""
        return bool(self._seen)

    @property
    def steps_per_second(self) -> float:
        """The speed, without the time before the first steps; NaN until it can be told."""
        (first, before), (last, now) = (self._seen[0], self._seen[-1]) if self._seen else ((0.0, 0), (0.0, 0))
        return (now - before) / (last - first) if last > first else math.nan

    def seconds_left(self, now: float) -> float:
        """Estimates how long the call still takes: until its budget or its time is used; NaN until it can be told."""
        by_steps = self.seconds_until(self._budget)
        by_clock = math.nan
        if self._seconds is not None and self._began is not None:
            by_clock = max(0.0, self._seconds - (now - self._began))
        return min((left for left in (by_steps, by_clock) if not math.isnan(left)), default=math.nan)

    def seconds_until(self, agent_steps: int) -> float:
        """Estimates how long it is until the run has some agent steps; 0 where it has, NaN until it can be told."""
        left = (agent_steps - self.agent_steps) / self.steps_per_second
        return left if left > 0 or math.isnan(left) else 0.0

    def share_done(self, now: float) -> float:
        """Returns how much of this call is done, in [0, 1], by steps or by time, whichever ends it sooner."""
        by_steps = (self.agent_steps - self.first_steps) / max(1, self._budget - self.first_steps)
        by_clock = (now - self._began) / self._seconds if self._seconds and self._began is not None else 0.0
        return min(1.0, max(by_steps, by_clock))
