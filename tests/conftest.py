"""What all tests share: quiet TensorFlow, tiny networks, real screens."""

import os
import resource
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

import numpy as np
import pytest
from xdist.scheduler import LoadScopeScheduling

from xdrl.config import NetworkConfig
from xdrl.environments import VectorEnvironment
from xdrl.games import Crop, Game, find_game
from xdrl.machine import count_cores
from xdrl.rollouts import Policy, Rollout

if TYPE_CHECKING:  # the process that shares the tests out has no use for TensorFlow
    from xdrl.networks import Network

pytest_plugins = ["tests.browser"]

# A shell has what it starts in the background ignore Ctrl-C, and `nohup` the closing of the terminal: every process
# that a test sends them would, too, and train or serve on.
for _name, _default in (("SIGINT", signal.default_int_handler), ("SIGHUP", signal.SIG_DFL)):
    _number = getattr(signal, _name, None)
    if _number is not None and signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, _default)

PONG_ACTIONS = ("NOOP", "FIRE", "RIGHT", "LEFT", "RIGHTFIRE", "LEFTFIRE")


class _FileByFile(LoadScopeScheduling):
    """Keeps a file's tests, and all of the command line's, on one core: what they share is made once."""

    def _split_scope(self, nodeid: str) -> str:
        return "cli" if nodeid.startswith("tests/cli/") else nodeid.partition("::")[0]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    """Has pytest-xdist share the tests out as above."""
    return _FileByFile(config, log)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Has one process more than cores: some tests wait for a server, a browser or a process of their own."""
    return count_cores() + 1


class Played(NamedTuple):
    """What a policy may have played: screens uint8 [T, B, 210, 160, 3], and the rest of the rollout."""

    screens: np.ndarray
    rollout: Rollout

    def first_state(self, core_size: int) -> tuple[np.ndarray, np.ndarray]:
        """Returns a core state to begin with that is not zero, float32 [B, H] twice."""
        state_h, state_c = np.random.default_rng(8).normal(size=(2, 2, core_size)).astype(np.float32)
        return state_h, state_c

    def observed_by(self, network: "Network") -> np.ndarray:
        """Returns the observations, float32 [T, B, 80, 80, 1]."""
        observations = network.preprocess(self.screens.reshape(-1, *self.screens.shape[2:]))
        return np.reshape(observations, (*self.screens.shape[:2], *observations.shape[1:]))

    def by(self, policy: Policy, core_size: int) -> Rollout:
        """Plays the screens; the rollout then has what the policy kept."""
        state, kept = self.first_state(core_size), []
        for screens, is_first in zip(self.screens, self.rollout.is_first[:-1], strict=True):
            step = policy.act(screens, state, is_first)
            state = step.state
            kept.append(step.kept)
        return self.rollout._replace(kept=tuple(kept))


@pytest.fixture(scope="session")
def pong() -> Game:
    """The game that is quickest to play."""
    return find_game("Pong")


@pytest.fixture(scope="session")
def a3c_config() -> NetworkConfig:
    """Pong's network configuration of the smaller kind."""
    return NetworkConfig("a3c", PONG_ACTIONS, Crop(34, 194), 0.35, 0.15)


@pytest.fixture(scope="session")
def a3c(a3c_config: NetworkConfig) -> "Network":
    """The smaller network; a test that changes its weights builds one of its own."""
    from xdrl.networks import build_network

    return build_network(a3c_config, seed=1)


@pytest.fixture(scope="session")
def e_a3c() -> "Network":
    """The larger network; a test that changes its weights builds one of its own."""
    from xdrl.networks import build_network

    return build_network(NetworkConfig("e-a3c", PONG_ACTIONS, Crop(34, 194), 0.35, 0.15), seed=1)


@pytest.fixture(scope="session")
def pong_screens(pong: Game) -> np.ndarray:
    """Screens of a real game that differ: uint8 [8, 210, 160, 3]."""
    environment = VectorEnvironment(pong, 8)
    generator = np.random.default_rng(5)
    screens = environment.reset(seed=5)
    for _ in range(40):
        screens = environment.step(generator.integers(0, 6, 8)).screens
    environment.close()
    return screens


@pytest.fixture(scope="session")
def played(pong_screens: np.ndarray) -> Played:
    """T = 4 steps of B = 2 environments in which everything happens: a game ends, another is cut."""
    generator = np.random.default_rng(7)
    is_terminated, is_truncated, is_first = np.zeros((4, 2), bool), np.zeros((4, 2), bool), np.zeros((5, 2), bool)
    is_terminated[1, 0] = is_truncated[0, 1] = True
    is_first[3, 0] = is_first[2, 1] = True  # the step after the last one is ignored, and leads to the first screen
    rollout = Rollout(
        kept=(),
        actions=generator.integers(0, 6, (4, 2)).astype(np.int32),
        rewards=generator.integers(-1, 2, (4, 2)).astype(np.float32),
        is_terminated=is_terminated,
        is_truncated=is_truncated,
        is_first=is_first,
        bootstrap_value=generator.normal(size=2).astype(np.float32),
    )
    return Played(pong_screens.reshape(4, 2, 210, 160, 3), rollout)


@pytest.fixture
def file_size_limit() -> Callable[[int], AbstractContextManager[None]]:
    """Makes the kernel refuse to let a file grow beyond some bytes, as a full disk does."""

    @contextmanager
    def limit(num_bytes: int) -> Iterator[None]:
        kept = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (num_bytes, kept[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, kept)

    return limit
