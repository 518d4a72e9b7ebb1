"""One worker: copies the global weights, plays T steps, takes the gradients, hands them to the learner."""

from collections.abc import Callable
from typing import NamedTuple

from xdrl.learner import Gradients, Learner
from xdrl.losses import Costs
from xdrl.rollouts import Rollout, RolloutCollector


class Report(NamedTuple):
    """What one update did.

    Attributes:
        num_steps: agent steps.
        scores: true scores of the games that ended.
        gradients: the losses, entropy and norm; the tensors are dropped.
        policy_lag: updates by others between copying the weights and applying the gradients.
    """

    num_steps: int
    scores: list[float]
    gradients: Gradients
    policy_lag: int


class Worker:
    """Own environments, own copy of the network; `update` is one turn of Mnih et al. 2016, algorithm S3."""

    def __init__(
        self,
        learner: Learner,
        collector: RolloutCollector,
        copy_weights: Callable[[], None],
        compute_gradients: Callable[[Rollout, Costs], Gradients],
        costs_after: Callable[[int], Costs],
        rollout_length: int,
    ) -> None:
        """Takes its collaborators.

        Args:
            learner: the global network.
            collector: plays the worker's environments with the worker's network.
            copy_weights: copies the global weights into the worker's network.
            compute_gradients: of the worker's network.
            costs_after: the loss's, after a number of agent steps of the run.
            rollout_length: T.
        """
        self._learner, self._collector = learner, collector
        self._copy_weights, self._compute_gradients, self._costs_after = copy_weights, compute_gradients, costs_after
        self._rollout_length = rollout_length

    def update(self) -> Report:
        """Plays one rollout and applies what it teaches."""
        copied_at = self._learner.updates
        self._copy_weights()
        rollout, scores = self._collector.collect(self._rollout_length)
        gradients = self._compute_gradients(rollout, self._costs_after(self._learner.agent_steps))
        lag = self._learner.apply(gradients, copied_at, rollout.actions.size)
        return Report(rollout.actions.size, scores, gradients._replace(gradients=()), lag)
