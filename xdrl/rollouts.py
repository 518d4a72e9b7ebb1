"""One worker's T steps in B environments."""

from typing import Any, NamedTuple, Protocol

import numpy as np

from xdrl.environments import VectorEnvironment


class Step(NamedTuple):
    """What a policy makes of B screens.

    Attributes:
        logits: float32 [B, A].
        values: float32 [B].
        state: to hand back with the next screens.
        kept: what the gradients need of the step; only the backend looks into it.
    """

    logits: np.ndarray
    values: np.ndarray
    state: Any
    kept: Any


class KeptObservation(NamedTuple):
    """What of a step is kept where its gradients compute everything again.

    Attributes:
        observation: float32 [B, 80, 80, 1], a quarter of the screens that it was made from.
        state_h, state_c: float32 [B, H], before the step, and before they are zeroed where a game starts.
    """

    observation: Any
    state_h: Any
    state_c: Any


class Policy(Protocol):
    """A network that plays; each backend has one."""

    def initial_state(self, num_envs: int) -> Any:
        """Returns the core state of games that start."""

    def act(self, screens: np.ndarray, state: Any, is_first: np.ndarray) -> Step:
        """Takes one step; the state counts as zero where a game starts."""


class Rollout(NamedTuple):
    """T steps of B environments.

    Attributes:
        kept: T, what the policy kept of each step.
        actions: int32 [T, B].
        rewards: float32 [T, B], true and not clipped.
        is_terminated: bool [T, B].
        is_truncated: bool [T, B].
        is_first: bool [T + 1, B]; [t] says that screen t begins a game, so [t + 1] that action t was ignored.
        bootstrap_value: float32 [B], the value after the last step.
    """

    kept: tuple[Any, ...]
    actions: np.ndarray
    rewards: np.ndarray
    is_terminated: np.ndarray
    is_truncated: np.ndarray
    is_first: np.ndarray
    bootstrap_value: np.ndarray


class RolloutCollector:
    """Plays on, rollout after rollout; it holds the games' present screens, core states and scores."""

    def __init__(
        self, environment: VectorEnvironment, screens: np.ndarray, policy: Policy, generator: np.random.Generator
    ) -> None:
        """Begins at the environments' present screens, with a zero core state.

        Args:
            environment: of B environments that have been reset.
            screens: uint8 [B, 210, 160, 3], its present screens.
            policy: plays them.
            generator: draws the actions.
        """
        num_envs = environment.num_envs
        self._environment, self._policy, self._generator = environment, policy, generator
        self._screens, self._state = screens, policy.initial_state(num_envs)
        self._is_first = np.ones(num_envs, bool)
        self._scores = np.zeros(num_envs)
        self._is_whole = np.zeros(num_envs, bool)

    @property
    def random_state(self) -> dict[str, Any]:
        """State of the generator that draws the actions."""
        return dict(self._generator.bit_generator.state)

    def close(self) -> None:
        """Frees the emulators."""
        self._environment.close()

    def collect(self, num_steps: int) -> tuple[Rollout, list[float]]:
        """Plays `num_steps` steps with actions sampled from the policy.

        Args:
            num_steps: T.

        Returns:
            the rollout, and the true scores of the games that ended in it. The game that was under way when the
            collector began is not among them, since random play may have begun it.
        """
        num_envs = self._environment.num_envs
        kept = []
        actions = np.empty((num_steps, num_envs), np.int32)
        rewards = np.empty((num_steps, num_envs), np.float32)
        is_terminated = np.empty((num_steps, num_envs), bool)
        is_truncated = np.empty((num_steps, num_envs), bool)
        is_first = np.empty((num_steps + 1, num_envs), bool)
        finished: list[float] = []
        for t in range(num_steps):
            step = self._policy.act(self._screens, self._state, self._is_first)
            kept.append(step.kept)
            actions[t], is_first[t] = sample_actions(step.logits, self._generator), self._is_first
            steps = self._environment.step(actions[t])
            rewards[t], is_terminated[t], is_truncated[t] = steps.rewards, steps.is_terminated, steps.is_truncated
            self._screens, self._is_first, self._state = steps.screens, steps.is_first, step.state
            finished += self._score(steps.rewards, steps.is_first)
        is_first[num_steps] = self._is_first
        bootstrap_value = self._policy.act(self._screens, self._state, self._is_first).values
        return Rollout(tuple(kept), actions, rewards, is_terminated, is_truncated, is_first, bootstrap_value), finished

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
