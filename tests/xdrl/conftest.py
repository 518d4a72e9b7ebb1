"""Tiny agents and their screens, and real games with their memory."""

import functools
import runpy
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import ale_py
import numpy as np
import pytest

from xdrl.games import GAMES
from xdrl.objects.segmentation import Scene, find_objects


@pytest.fixture(scope="session")
def tiny() -> SimpleNamespace:
    """The helpers of `tests/tiny_agents.py`."""
    return SimpleNamespace(**runpy.run_path(str(Path(__file__).parents[1] / "tiny_agents.py")))


@pytest.fixture(scope="session")
def agent(tiny: SimpleNamespace):
    """An a3c agent of Pong; tests leave its weights as they are."""
    return tiny.make_agent()


@pytest.fixture(scope="session")
def screens(tiny: SimpleNamespace, agent):
    """Five different screens of Pong."""
    return tiny.play_randomly(agent, 5)


@pytest.fixture(scope="session")
def exported(tiny: SimpleNamespace, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Version 1 of the export of `agent`; tests leave it as it is."""
    return tiny.export_once(tiny.find_common_folder(tmp_path_factory))


@pytest.fixture(scope="session")
def play_screens() -> Callable[..., tuple[np.ndarray, np.ndarray]]:
    """Plays a game, at random where no action is named.

    The screens come as uint8 [S, 210, 160, 3], and the console's memory as int64 [S, 128].
    """

    @functools.cache
    def run(name: str, steps: int = 300, action: str = "") -> tuple[np.ndarray, np.ndarray]:
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
        return np.array(screens), np.array(rams)

    return run


@pytest.fixture(scope="session")
def play(play_screens: Callable) -> Callable[..., tuple[Scene, np.ndarray]]:
    """Plays a game as `play_screens` does; returns its scene and the memory."""

    @functools.cache
    def run(name: str, steps: int = 300, action: str = "") -> tuple[Scene, np.ndarray]:
        screens, rams = play_screens(name, steps, action)
        return find_objects(screens, GAMES[name]), rams

    return run
