"""How long things take: a stopwatch, and tasks that are repeated side by side under it."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple


class Timing(NamedTuple):
    """What was done in some time.

    Attributes:
        agent_steps: that were done.
        seconds: of the clock.
        cpu_seconds: of the processor, all threads of the process.
    """

    agent_steps: int
    seconds: float
    cpu_seconds: float


class Stopwatch:
    """Runs from the moment it is made."""

    def __init__(self) -> None:
        """Starts."""
        self._started, self._cpu_started = time.monotonic(), time.process_time()

    def elapsed(self) -> float:
        """Returns the seconds since the start."""
        return time.monotonic() - self._started

    def stop(self, agent_steps: int) -> Timing:
        """Returns what was done since the start."""
        return Timing(agent_steps, self.elapsed(), time.process_time() - self._cpu_started)


def time_threads(tasks: Sequence[Callable[[], int]], seconds: float) -> Timing:
    """Repeats every task in a thread of its own until the time is over, and what is under way then has ended.

    Args:
        tasks: each returns the agent steps that it did; it is called twice before the time begins, so that what
            is compiled on first use is compiled.
        seconds: to go on for.
    """
    for task in tasks:
        task()
        task()
    watch = Stopwatch()

    def repeat(task: Callable[[], int]) -> int:
        agent_steps = 0
        while watch.elapsed() < seconds:
            agent_steps += task()
        return agent_steps

    with ThreadPoolExecutor(len(tasks)) as pool:
        return watch.stop(sum(pool.map(repeat, tasks)))
