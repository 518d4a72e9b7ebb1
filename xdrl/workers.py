"""One worker: takes the global weights, plays T steps, hands in the gradients. It knows nothing of the learner."""

from collections.abc import Callable, Sequence
from typing import Any

from xdrl.losses import Costs
from xdrl.messages import Gradients, Lesson, Snapshot
from xdrl.rollouts import Rollout, RolloutCollector


class Worker:
    """Own environments, own copy of the network; `learn` is one turn of Mnih et al. 2016, algorithm S3."""

    def __init__(
        self,
        number: int,
        collector: RolloutCollector,
        assign_weights: Callable[[Sequence[Any]], None],
        compute_gradients: Callable[[Rollout, Costs], Gradients],
        costs_after: Callable[[int], Costs],
        rollout_length: int,
    ) -> None:
        """Takes its collaborators.

        Args:
            number: that it signs its lessons with.
            collector: plays the worker's environments with the worker's network.
            assign_weights: puts weights into the worker's network.
            compute_gradients: of the worker's network.
            costs_after: the loss's, after a number of agent steps of the run.
            rollout_length: T.
        """
        self._number, self._collector = number, collector
        self._assign, self._compute_gradients, self._costs_after = assign_weights, compute_gradients, costs_after
        self._rollout_length = rollout_length

    def learn(self, snapshot: Snapshot) -> Lesson:
        """Plays one rollout with the global weights, and takes its gradients."""
        self._assign(snapshot.weights)
        rollout, scores = self._collector.collect(self._rollout_length)
        gradients = self._compute_gradients(rollout, self._costs_after(snapshot.agent_steps))
        random_state = self._collector.random_state
        return Lesson(self._number, snapshot.updates, rollout.actions.size, scores, gradients, random_state)

    def close(self) -> None:
        """Frees the emulators."""
        self._collector.close()
