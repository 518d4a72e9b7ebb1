"""Who runs the learner and the workers; an engine is a file beside this one, and has what `Engine` says."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Protocol

from xdrl.config import NetworkConfig, TrainingConfig
from xdrl.messages import Counts, LearnerState, Report, Traffic

ENGINES = ("threads", "ray")
"""Their names."""


class LearnerLostError(RuntimeError):
    """The learner is gone, and with it what it learned since the last checkpoint."""


@dataclass(frozen=True)
class Plan:
    """What an engine is to run.

    Attributes:
        training: the run's configuration.
        network: its network's.
        start: what the learner goes on from.
        random_states: of the workers' generators, as far as there were workers before.
        is_over: says, given the agent steps of the run so far, whether it is to end.
    """

    training: TrainingConfig
    network: NetworkConfig
    start: LearnerState
    random_states: Sequence[dict[str, Any]]
    is_over: Callable[[int], bool]

    def random_state(self, worker: int) -> dict[str, Any] | None:
        """Returns the state that the generator of a worker goes on from, None for a new one."""
        return (self.random_states[worker] or None) if worker < len(self.random_states) else None


class Engine(Protocol):
    """A learner and its workers, wherever they run.

    The learner is there from the start, and until `close`. Within the engine as a context manager the workers are at
    work, and after it they have ended and all that they handed in is counted.
    """

    def __enter__(self) -> "Engine":
        """Starts the workers."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stops the workers after the updates under way."""

    def wait(self, seconds: float) -> bool:
        """Waits until all workers have ended, `seconds` at most.

        Returns:
            whether workers still run.

        Raises:
            BaseException: whatever a worker failed with.
            LearnerLostError: the learner is gone.
        """

    def drain(self) -> list[Report]:
        """Returns the reports that have come since the last call."""

    @property
    def counts(self) -> Counts:
        """What the learner has counted, no older than the last `drain`."""

    @property
    def traffic(self) -> Traffic:
        """What went between workers and learner, no older than the last `drain`."""

    @property
    def note(self) -> str:
        """A line on how the workers are, for the display; "" where all is as it should be."""

    def state(self) -> LearnerState:
        """Reads everything that the run would go on from."""

    def close(self) -> None:
        """Frees everything."""


MakeEngine = Callable[[Plan], Engine]
"""What makes an engine of a plan."""
