"""What other libraries recorded of real games, their agents do here: seen to the bit, decided to 1e-4."""

import importlib.util
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest

from xdrl.agents import Agent, Provenance, build_agent_network
from xdrl.environments import VectorEnvironment, find_protocol
from xdrl.games import find_game
from xdrl.imports import read_foreign_agent
from xdrl.memories import forget, join, select
from xdrl.networks import arrays_to_variables

FIXTURES = Path(__file__).with_name("fixtures")
AGENTS = {path.stem: path for path in sorted(FIXTURES.iterdir()) if path.suffix in (".zip", ".pth")}
FAST = ("recurrent-ppo", "cleanrl-c51")
"""Between them they have all that can differ: both libraries, orders and paddings, an LSTM, action values."""
LIBRARIES = ("torch", "stable_baselines3", "sb3_contrib", "cv2", "pytorch_grad_cam")
MAP_EVERY = 40
"""Steps between those that were explained, too."""


def import_agent(path: Path, game_name: str) -> Agent:
    """Imports an agent without writing it."""
    game = find_game(game_name)
    environment = VectorEnvironment(game, 1)
    found = read_foreign_agent(path, environment.action_names, game.name)
    environment.close()
    network = build_agent_network(found.config)
    arrays_to_variables(found.weights, network.weights)
    return Agent(network, game, Provenance(path, found.agent_steps, 0.0))


@pytest.mark.parametrize("name", [pytest.param(name, marks=[pytest.mark.slow] * (name not in FAST)) for name in AGENTS])
def test_an_imported_agent_does_what_its_library_recorded(name: str):
    check_recording(AGENTS[name], FIXTURES / f"{name}.npz")


@pytest.mark.slow
@pytest.mark.timeout(1800)  # eight agents are trained and played, in another process and in this one
def test_agents_that_are_made_anew_are_imported_as_well(tmp_path: Path):
    missing = [name for name in LIBRARIES if importlib.util.find_spec(name) is None]
    if missing:
        pytest.skip(f"needs requirements-torch.txt: {', '.join(missing)}")
    script = Path(__file__).with_name("make_fixtures.py")
    subprocess.run([sys.executable, str(script), str(tmp_path)], check=True, capture_output=True)
    for name, path in AGENTS.items():
        check_recording(tmp_path / path.name, tmp_path / f"{name}.npz")


def check_recording(path: Path, recording: Path):
    recorded = np.load(recording)
    agent = import_agent(path, str(recorded["game"]))
    environment = VectorEnvironment(agent.game, 1, find_protocol("sb3", agent.game))
    screens, memory = environment.reset(int(recorded["seed"])), agent.initial_state(1)
    kept, restarts = [], 0
    for step, action in enumerate(recorded["actions"]):
        observation, _ = agent.network.observe(screens, memory)
        seen = np.rint(np.asarray(observation)[0] * 255).astype(np.uint8).transpose(2, 0, 1)
        assert zlib.crc32(np.ascontiguousarray(seen).tobytes()) == recorded["checks"][step], f"step {step}"
        decision = agent.act(screens, memory)
        np.testing.assert_allclose(decision.logits[0], recorded["logits"][step], atol=1e-4, rtol=1e-4)
        np.testing.assert_allclose(decision.values[0], recorded["values"][step], atol=1e-4, rtol=1e-4)
        if step % MAP_EVERY == 0:
            kept.append((screens, memory, action))
        steps = environment.step(np.array([action]))
        screens, memory = steps.screens, forget(decision.state, steps.is_fresh)
        if steps.is_terminated[0]:
            steps = environment.step(np.array([0]))
            screens, memory = steps.screens, agent.initial_state(1)
        restarts += int(steps.is_fresh[0])
    environment.close()
    assert restarts or agent.game.name == "Pong"  # which has no lives, and no whole game in so few steps
    check_maps(agent, kept, recorded["maps"])


def check_maps(agent: Agent, kept: list, maps: np.ndarray):
    screens, memories, actions = zip(*kept, strict=True)
    found = agent.explain(np.concatenate(screens), join(memories), "chosen", "grad-cam", np.array(actions))
    assert maps.max() > 0
    np.testing.assert_allclose(found.maps, maps, atol=1e-4 * maps.max())
    assert select(join(memories), 0)[0].shape == memories[0][0].shape[1:]
