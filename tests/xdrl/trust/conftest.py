"""Real games with their memory."""

import functools
from collections.abc import Callable

import ale_py
import numpy as np
import pytest

from xdrl.games import GAMES
from xdrl.trust.objects import Scene, find_objects


@pytest.fixture(scope="session")
def play() -> Callable[..., tuple[Scene, np.ndarray]]:
    """Plays a game, at random where no action is named; returns its scene and int64 [S, 128], the memory."""

    @functools.cache
    def run(name: str, steps: int = 300, action: str = "") -> tuple[Scene, np.ndarray]:
        environment = ale_py.AtariEnv(GAMES[name].rom, obs_type="rgb", frameskip=4, repeat_action_probability=0.0)
        generator = np.random.default_rng(0)
        names = [ale_py.Action(item).name for item in environment.ale.getMinimalActionSet()]
        screen, _ = environment.reset(seed=0)
        screens, rams, chosen = [], [], 0
        for _ in range(steps):
            if action:
                chosen = names.index(action)
            elif generator.random() < 0.3:
                chosen = int(generator.integers(len(names)))
            screen, _, is_over, _, _ = environment.step(chosen)
            screens.append(screen)
            rams.append(environment.ale.getRAM().astype(np.int64))
            if is_over:
                break
        environment.close()
        return find_objects(np.array(screens), GAMES[name]), np.array(rams)

    return run
