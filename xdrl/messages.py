"""What the learner and its workers tell each other: records that a thread, a process or another machine can take."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:  # it imports a backend, of which who carries messages knows nothing
    from xdrl.losses import Losses


class Snapshot(NamedTuple):
    """The global network as a worker plays with it.

    Attributes:
        weights: one array or tensor a weight, in the network's order.
        updates: that had been made when they were read.
        agent_steps: of the run so far.
    """

    weights: Sequence[Any]
    updates: int
    agent_steps: int


class Gradients(NamedTuple):
    """What one rollout teaches.

    Attributes:
        gradients: one array or tensor a weight, clipped.
        norm: global norm before clipping.
        policy_loss, value_loss: mean of a step.
        entropy: mean of a step, in nats.
    """

    gradients: Sequence[Any]
    norm: float
    policy_loss: float
    value_loss: float
    entropy: float

    @classmethod
    def of(cls, gradients: Sequence[Any], norm: Any, losses: "Losses") -> "Gradients":
        """Makes it of what a backend computed: the gradients stay where they are, the rest become numbers."""
        return cls(gradients, float(norm), float(losses.policy), float(losses.value), float(losses.entropy))


class Lesson(NamedTuple):
    """What a worker hands in after one rollout.

    Attributes:
        worker: its number.
        copied_at: `updates` of the snapshot that it played with.
        num_steps: agent steps.
        scores: true scores of the games that ended.
        gradients: of the rollout.
        random_state: of the worker's generator, after it.
    """

    worker: int
    copied_at: int
    num_steps: int
    scores: list[float]
    gradients: Gradients
    random_state: dict[str, Any]


class Report(NamedTuple):
    """What became of a lesson.

    Attributes:
        lesson: without the tensors of its gradients.
        policy_lag: updates by others between copying the weights and applying the gradients.
        taken_at: the learner's clock then, in seconds.
    """

    lesson: Lesson
    policy_lag: int
    taken_at: float = 0.0


class Counts(NamedTuple):
    """What the learner counts, of the whole run.

    Attributes:
        agent_steps: taken.
        updates: of the global weights.
        bad_gradients: that were not finite, and not applied.
        late_gradients: whose policy lag was too large, and that were not applied.
    """

    agent_steps: int = 0
    updates: int = 0
    bad_gradients: int = 0
    late_gradients: int = 0


class LearnerState(NamedTuple):
    """Everything that a learner goes on from.

    Attributes:
        weights, optimizer: arrays by the variables' paths; empty where they are fresh.
        counts: so far.
        is_going_wrong: whether the last gradients were not finite.
    """

    weights: dict[str, np.ndarray]
    optimizer: dict[str, np.ndarray]
    counts: Counts = Counts()
    is_going_wrong: bool = False


class Traffic(NamedTuple):
    """What a learner in another process has done since it began; nothing where it shares the workers' memory.

    Attributes:
        lessons: taken.
        bytes_in, bytes_out: of gradients and of weights.
        busy_seconds: between a lesson's arrival and the answer to it.
    """

    lessons: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    busy_seconds: float = 0.0
