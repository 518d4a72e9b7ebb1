"""The global network: its weights, the shared optimizer statistics, the lock and the step counter."""

import math
import threading
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import keras

from xdrl.losses import Losses
from xdrl.networks import Network


class NonFiniteGradientError(RuntimeError):
    """Gradients that are not finite came too often in a row."""


class Gradients(NamedTuple):
    """What one rollout teaches.

    Attributes:
        gradients: one tensor a weight, clipped.
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
    def of(cls, gradients: Sequence[Any], norm: Any, losses: Losses) -> "Gradients":
        """Makes it of what a backend computed: the gradients stay where they are, the rest become numbers."""
        return cls(gradients, float(norm), float(losses.policy), float(losses.value), float(losses.entropy))


class Learner:
    """Takes the workers' gradients, one set at a time, and never one that is not finite."""

    def __init__(
        self,
        network: Network,
        optimizer: keras.Optimizer,
        apply: Callable[[Sequence[Any]], None],
        learning_rate_at: Callable[[int], float],
        max_bad_gradients: int,
    ) -> None:
        """Holds the global network.

        Args:
            network: the global network.
            optimizer: whose statistics all workers share.
            apply: applies gradients to the network's weights through that optimizer.
            learning_rate_at: the optimizer's, after a number of agent steps.
            max_bad_gradients: non-finite gradients in a row that stop the run.
        """
        self.network = network
        self.optimizer = optimizer
        self.lock = threading.Lock()
        self.agent_steps = 0
        self.updates = 0
        self.bad_gradients = 0
        self._bad_in_a_row = 0
        self._apply, self._learning_rate_at = apply, learning_rate_at
        self._max_bad_gradients = max_bad_gradients

    @property
    def is_going_wrong(self) -> bool:
        """Says whether the last gradients were not finite."""
        return self._bad_in_a_row > 0

    def apply(self, gradients: Gradients, copied_at: int, num_steps: int) -> int:
        """Applies one worker's gradients and counts its steps.

        Args:
            gradients: of one rollout.
            copied_at: `updates` when the worker copied the weights.
            num_steps: agent steps that the rollout took.

        Returns:
            the policy lag: updates that others made since the worker copied the weights.

        Raises:
            NonFiniteGradientError: the last `max_bad_gradients` gradients were all not finite.
        """
        with self.lock:
            self.agent_steps += num_steps
            lag = self.updates - copied_at
            if math.isfinite(gradients.norm):
                self.optimizer.learning_rate.assign(self._learning_rate_at(self.agent_steps))
                self._apply(gradients.gradients)
                self.updates += 1
                self._bad_in_a_row = 0
                return lag
            self.bad_gradients += 1
            self._bad_in_a_row += 1
            if self._bad_in_a_row >= self._max_bad_gradients:
                raise NonFiniteGradientError(
                    f"{self._bad_in_a_row} gradients in a row were not finite and were not applied, "
                    f"at {self.agent_steps} agent steps; the run goes on from its last healthy checkpoint; give it a "
                    "lower --set learning_rate=..."
                )
            return lag
