"""One worker's T steps in B environments."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from xdrl.environments import VectorEnvironment

Act = Callable[[np.ndarray, np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]]
"""(screens [B, ...], state_h, state_c) to (logits [B, A], values [B], next state_h, next state_c)."""


class Rollout(NamedTuple):
    """T steps of B environments, and the state to begin them with.

    Attributes:
        screens: uint8 [T, B, 210, 160, 3].
        actions: int32 [T, B].
        rewards: float32 [T, B], true and not clipped.
        is_terminated: bool [T, B].
        is_truncated: bool [T, B].
        is_first: bool [T + 1, B]; [t] says that screen t begins a game, so [t + 1] that action t was ignored.
        state_h: float32 [B, H], before the first step.
        state_c: float32 [B, H].
        bootstrap_value: float32 [B], the value after the last step.
    """

    screens: np.ndarray
    actions: np.ndarray
    rewards: np.ndarray
    is_terminated: np.ndarray
    is_truncated: np.ndarray
    is_first: np.ndarray
    state_h: np.ndarray
    state_c: np.ndarray
    bootstrap_value: np.ndarray


class RolloutCollector:
    """Plays on, rollout after rollout; it holds the games' present screens, core states and scores."""

    def __init__(
        self,
        environment: VectorEnvironment,
        screens: np.ndarray,
        core_size: int,
        generator: np.random.Generator,
    ) -> None:
        """Begins at the environments' present screens, with a zero core state.

        Args:
            environment: of B environments that have been reset.
            screens: uint8 [B, 210, 160, 3], its present screens.
            core_size: H.
            generator: draws the actions.
        """
        num_envs = environment.num_envs
        self._environment = environment
        self._generator = generator
        self._screens = screens
        self._is_first = np.ones(num_envs, bool)
        self._state_h = np.zeros((num_envs, core_size), np.float32)
        self._state_c = np.zeros((num_envs, core_size), np.float32)
        self._scores = np.zeros(num_envs)
        self._is_whole = np.zeros(num_envs, bool)

    def collect(self, act: Act, num_steps: int) -> tuple[Rollout, list[float]]:
        """Plays `num_steps` steps with actions sampled from the policy.

        Args:
            act: the worker's present network.
            num_steps: T.

        Returns:
            the rollout, and the true scores of the games that ended in it. The game that was under way when the
            collector began is not among them, since random play may have begun it.
        """
        num_envs = self._environment.num_envs
        first_h, first_c = self._state_h, self._state_c
        screens = np.empty((num_steps, *self._screens.shape), np.uint8)
        actions = np.empty((num_steps, num_envs), np.int32)
        rewards = np.empty((num_steps, num_envs), np.float32)
        is_terminated = np.empty((num_steps, num_envs), bool)
        is_truncated = np.empty((num_steps, num_envs), bool)
        is_first = np.empty((num_steps + 1, num_envs), bool)
        finished: list[float] = []
        for t in range(num_steps):
            logits, _, next_h, next_c = act(self._screens, *self._core_state())
            screens[t], actions[t], is_first[t] = self._screens, sample_actions(logits, self._generator), self._is_first
            steps = self._environment.step(actions[t])
            rewards[t], is_terminated[t], is_truncated[t] = steps.rewards, steps.is_terminated, steps.is_truncated
            self._screens, self._is_first = steps.screens, steps.is_first
            self._state_h, self._state_c = next_h, next_c
            finished += self._score(steps.rewards, steps.is_first)
        is_first[num_steps] = self._is_first
        _, bootstrap_value, _, _ = act(self._screens, *self._core_state())
        rollout = Rollout(
            screens, actions, rewards, is_terminated, is_truncated, is_first, first_h, first_c, bootstrap_value
        )
        return rollout, finished

    def _core_state(self) -> tuple[np.ndarray, np.ndarray]:
        keep = ~self._is_first[:, None]
        return self._state_h * keep, self._state_c * keep

    def _score(self, rewards: np.ndarray, is_first: np.ndarray) -> list[float]:
        """A game's score is known once the next game begins: an environment without lives says so no sooner."""
        finished = [float(score) for score in self._scores[is_first & self._is_whole]]
        self._is_whole |= is_first
        self._scores = np.where(is_first, 0.0, self._scores + rewards)
        return finished


def sample_actions(logits: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Draws one action from each policy, by the Gumbel-max trick.

    Args:
        logits: float32 [B, A].
        generator: source of randomness.

    Returns:
        int64 [B].
    """
    return np.argmax(logits + generator.gumbel(size=logits.shape), axis=-1)
