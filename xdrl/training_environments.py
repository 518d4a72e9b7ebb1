"""The environments that a worker learns in: lives end episodes, some actions may stick, no two games are in step."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from xdrl.config import TrainingConfig
from xdrl.environments import Steps, VectorEnvironment
from xdrl.games import Protocol, find_game


def decorrelate(environment: VectorEnvironment, seed: int, longest: int) -> np.ndarray:
    """Brings the environments to moments of the game that differ, by random play.

    Args:
        environment: of B environments; it is reset first.
        seed: of the games and of the random play.
        longest: agent steps of random play at most; each environment's game begins at a random one of them.

    Returns:
        uint8 [B, 210, 160, 3], the present screens.
    """
    generator = np.random.default_rng(seed)
    screens = environment.reset(seed)
    starts = generator.integers(0, longest, environment.num_envs)
    for step in range(longest):
        if (starts == step).any():
            environment.restart(starts == step)
        actions = generator.integers(0, len(environment.action_names), environment.num_envs)
        screens = environment.step(actions).screens
    return screens


class JoinedEnvironments(VectorEnvironment):
    """Environments of one game that are played under different protocols, and stepped as if they were one."""

    def __init__(self, parts: Sequence[VectorEnvironment]) -> None:
        """Takes the environments, in the order of their axis."""
        self._parts = parts
        self.num_envs = sum(part.num_envs for part in parts)
        self.action_names = parts[0].action_names
        self._bounds = np.cumsum([part.num_envs for part in parts])[:-1]

    def reset(self, seed: int) -> np.ndarray:
        """Starts a new game in every environment; environment b is seeded with seed + b."""
        firsts = (0, *self._bounds)
        return np.concatenate([part.reset(seed + int(b)) for part, b in zip(self._parts, firsts, strict=True)])

    def restart(self, mask: np.ndarray) -> np.ndarray:
        """Starts a new game in some environments, and returns every environment's present screen."""
        masks = np.split(mask, self._bounds)
        return np.concatenate([part.restart(own) for part, own in zip(self._parts, masks, strict=True)])

    def step(self, actions: np.ndarray) -> Steps:
        """Takes one agent step in every environment."""
        split = np.split(np.asarray(actions), self._bounds)
        steps = [part.step(own) for part, own in zip(self._parts, split, strict=True)]
        return Steps(*(np.concatenate(field) for field in zip(*steps, strict=True)))

    def close(self) -> None:
        """Frees the emulators."""
        for part in self._parts:
            part.close()


def training_environment(config: TrainingConfig) -> VectorEnvironment:
    """Makes one worker's environments, in which a lost life ends the learner's episode.

    Where sticky actions are for a share of them, the first ones have them, rounded to whole environments.
    """
    num_sticky = round(config.envs_per_worker * config.sticky_share) if config.sticky_probability else 0
    sizes = {config.sticky_probability: num_sticky, 0.0: config.envs_per_worker - num_sticky}
    parts = [
        VectorEnvironment(
            find_game(config.game),
            num_envs,
            training_protocol(probability),
            life_loss_terminates=True,
            num_threads=min(config.emulator_threads, num_envs),
        )
        for probability, num_envs in sizes.items()
        if num_envs
    ]
    return parts[0] if len(parts) == 1 else JoinedEnvironments(parts)


def training_protocol(sticky_probability: float) -> Protocol:
    """Returns the protocol that agents are trained under: the standard one, with sticky actions where asked for."""
    return dataclasses.replace(Protocol(), sticky_probability=sticky_probability)
