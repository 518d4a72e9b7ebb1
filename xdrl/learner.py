"""The global network: its weights, the shared optimizer statistics, the lock and the counts."""

import math
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import keras

from xdrl.messages import Counts, LearnerState, Lesson, Report, Snapshot
from xdrl.networks import Network, arrays_to_variables, variables_to_arrays


class NonFiniteGradientError(RuntimeError):
    """Gradients that are not finite came too often in a row."""


class Learner:
    """Takes the workers' lessons, one at a time; gradients that are not finite, or too old, change nothing."""

    def __init__(
        self,
        network: Network,
        optimizer: keras.Optimizer,
        read: Callable[[], Sequence[Any]],
        apply: Callable[[Sequence[Any]], None],
        learning_rate_at: Callable[[int], float],
        max_bad_gradients: int,
        max_policy_lag: int = 0,
    ) -> None:
        """Holds the global network.

        Args:
            network: the global network.
            optimizer: whose statistics all workers share.
            read: reads the network's weights.
            apply: applies gradients to them through that optimizer.
            learning_rate_at: the optimizer's, after a number of agent steps.
            max_bad_gradients: non-finite gradients in a row that stop the run.
            max_policy_lag: updates that others may have made since the weights were read; 0 for any number.
        """
        self.network = network
        self.optimizer = optimizer
        self.lock = threading.Lock()
        self.counts = Counts()
        self._bad_in_a_row = 0
        self._read, self._apply, self._learning_rate_at = read, apply, learning_rate_at
        self._max_bad_gradients, self._max_policy_lag = max_bad_gradients, max_policy_lag

    def snapshot(self) -> Snapshot:
        """Reads the weights; an update may be under way meanwhile, and counts as one that is not in them."""
        counts = self.counts
        return Snapshot(self._read(), counts.updates, counts.agent_steps)

    def take(self, lesson: Lesson) -> Report:
        """Applies one worker's gradients and counts its steps.

        Raises:
            NonFiniteGradientError: the last `max_bad_gradients` gradients were all not finite.
        """
        with self.lock:
            before = self.counts
            counts = before._replace(agent_steps=before.agent_steps + lesson.num_steps)
            lag = before.updates - lesson.copied_at
            if not math.isfinite(lesson.gradients.norm):
                self.counts = counts._replace(bad_gradients=before.bad_gradients + 1)
                self._refuse_more()
            elif 0 < self._max_policy_lag < lag:
                self.counts = counts._replace(late_gradients=before.late_gradients + 1)
            else:
                self.optimizer.learning_rate.assign(self._learning_rate_at(counts.agent_steps))
                self._apply(lesson.gradients.gradients)
                self.counts = counts._replace(updates=before.updates + 1)
                self._bad_in_a_row = 0
            return Report(without_tensors(lesson), lag, time.monotonic())

    def state(self) -> LearnerState:
        """Reads everything that another learner would go on from."""
        with self.lock:
            return LearnerState(
                variables_to_arrays(self.network.weights),
                variables_to_arrays(self.optimizer.variables),
                self.counts,
                self._bad_in_a_row > 0,
            )

    def go_on_from(self, state: LearnerState) -> None:
        """Takes the counts of a state, and its weights and statistics where it has any."""
        if state.weights:
            arrays_to_variables(state.weights, self.network.weights)
        if state.optimizer:
            arrays_to_variables(state.optimizer, self.optimizer.variables)
        self.counts = state.counts

    def _refuse_more(self) -> None:
        self._bad_in_a_row += 1
        if self._bad_in_a_row >= self._max_bad_gradients:
            raise NonFiniteGradientError(
                f"{self._bad_in_a_row} gradients in a row were not finite and were not applied, "
                f"at {self.counts.agent_steps} agent steps; the run goes on from its last healthy checkpoint; give it "
                "a lower --set learning_rate=..."
            )


def without_tensors(lesson: Lesson) -> Lesson:
    """Returns a lesson without its gradients, of which only the figures are told on."""
    return lesson._replace(gradients=lesson.gradients._replace(gradients=()))
