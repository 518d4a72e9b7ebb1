"""Real agents at a tiny size, untrained but with opinions, and the screens they are tried on."""

import io
import os
import subprocess
import time
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pytest
from PIL import Image

from tests.warm import WarmPopen
from xdrl.agents import Agent, CoreState, Provenance
from xdrl.config import NetworkConfig, TrainingConfig, save_run_config
from xdrl.environments import VectorEnvironment, action_names
from xdrl.explainers.maps import normalise
from xdrl.games import find_game
from xdrl.networks import arrays_to_variables, build_network, variables_to_arrays
from xdrl.storage.checkpoints import Checkpoint, RunState, save_checkpoint
from xdrl.storage.locks import try_lock
from xdrl.storage.rounding import round_weights
from xdrl.storage.runs import CONFIG

PIXEL_MEAN, PIXEL_STD = 0.35, 0.2
AGENT_STEPS = 40


def make_agent(
    kind: str = "a3c", game_name: str = "Pong", seed: int = 0, pixel_mean: float = PIXEL_MEAN, source: str = "tiny"
) -> Agent:
    """Builds an agent whose policy and value differ from screen to screen: fresh heads say almost nothing."""
    game = find_game(game_name)
    config = NetworkConfig(kind, action_names(game), game.crop, pixel_mean, PIXEL_STD)
    network = build_network(config, seed)
    generator = np.random.default_rng(seed)
    for head in (network.policy_head, network.value_head):
        head.kernel.assign(generator.normal(0, 0.5, head.kernel.shape).astype(np.float32))
        head.bias.assign(generator.normal(0, 0.05, head.bias.shape).astype(np.float32))
    # An export rounds, and is then exactly what was exported.
    arrays_to_variables(round_weights(variables_to_arrays(network.weights)), network.weights)
    return Agent(network, game, Provenance(Path(source), AGENT_STEPS, 1.5))


def make_monotone(agent: Agent, sign: float) -> None:
    """Makes every output rise (sign 1) or fall (-1) with every feature, whatever the screen.

    Convolutions, hidden layer and the core's cell gate get small weights that are not negative, the other gates
    stand half open, and the heads weigh each unit of the core with the sign.
    """
    for weight in agent.network.weights:
        weight.assign(0.05 * np.abs(np.asarray(weight.value)) if "kernel" in weight.path else np.zeros(weight.shape))
    core, units = agent.network.core, agent.network.core_size
    kernel = np.zeros(core.kernel.shape, np.float32)
    kernel[:, 2 * units : 3 * units] = 1e-3
    core.kernel.assign(kernel)
    core.recurrent_kernel.assign(np.zeros(core.recurrent_kernel.shape))
    for head in (agent.network.policy_head, agent.network.value_head):
        head.kernel.assign(np.full(head.kernel.shape, sign, np.float32))


def write_run(agent: Agent, folder: Path, agent_steps: int = AGENT_STEPS) -> Path:
    """Writes the agent as the run folder of a training that has saved once."""
    folder.mkdir(parents=True, exist_ok=True)
    config = agent.network.config
    save_run_config(folder / CONFIG, TrainingConfig(agent.game.name, config.kind), config)
    state = RunState(agent_steps=agent_steps, seconds=1.5)
    save_checkpoint(folder, Checkpoint(variables_to_arrays(agent.network.weights), {}, state))
    return folder


def play_randomly(agent: Agent, num_screens: int, steps: int = 40, seed: int = 0) -> np.ndarray:
    """Returns screens of the agent's game, uint8 [N, 210, 160, 3], after some steps of random play."""
    environment = VectorEnvironment(agent.game, num_screens)
    generator = np.random.default_rng(seed)
    screens = environment.reset(seed)
    for _ in range(steps):
        screens = environment.step(generator.integers(0, len(agent.action_names), num_screens)).screens
    environment.close()
    return screens


def random_state(agent: Agent, num_screens: int, seed: int = 0) -> CoreState:
    """Returns core states that are not zero."""
    values = np.random.default_rng(seed).uniform(-0.8, 0.8, (2, num_screens, agent.network.core_size))
    return CoreState(*values.astype(np.float32))


def load_in_session(version: Path) -> Any:
    """Loads a SavedModel with the C++ loader that TensorFlow Serving uses.

    Returns:
        its meta graph, and a function (signature, inputs) to outputs by name.
    """
    import tensorflow as tf

    session = tf.compat.v1.Session(graph=tf.Graph())
    with session.graph.as_default():
        meta_graph = tf.compat.v1.saved_model.load(session, ["serve"], str(version))

    def call(signature: str, **inputs: Any) -> dict[str, np.ndarray]:
        definition = meta_graph.signature_def[signature]
        feeds = {definition.inputs[name].name: value for name, value in inputs.items()}
        return session.run({name: tensor.name for name, tensor in definition.outputs.items()}, feeds)

    return meta_graph, call


def export_once(base: Path) -> Path:
    """Exports `make_agent()` below a folder of the test session, once for all its processes; returns the version.

    The proof runs in a warm process: that it needs nothing of the project has a test of its own.
    """
    from serving.export import export_agent

    version = base / "exported" / "Pong" / "1"
    with (base / "exported.lock").open("wb") as lock:
        while not try_lock(lock):
            time.sleep(0.1)
        with mock.patch.object(subprocess, "Popen", WarmPopen):
            return version if version.exists() else export_agent(make_agent(), base / "exported")


def find_common_folder(factory: pytest.TempPathFactory) -> Path:
    """Returns the temporary folder of all processes that share a test session out among them."""
    own = factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


def encode(screen: np.ndarray, mode: str = "RGB", form: str = "PNG", **options: Any) -> bytes:
    """Encodes a screen as a picture file."""
    buffer = io.BytesIO()
    Image.fromarray(screen).convert(mode).save(buffer, form, **options)
    return buffer.getvalue()


def decode(encoded: bytes) -> np.ndarray:
    """Decodes a picture file as RGB."""
    with Image.open(io.BytesIO(encoded)) as picture:
        return np.asarray(picture.convert("RGB"))


def images(*encoded: bytes) -> np.ndarray:
    """Returns encoded pictures as a batch for a session."""
    return np.array(encoded, dtype=object)


def heatmaps(found: Any) -> np.ndarray:
    """Normalises an explanation's maps as an export does."""
    return np.asarray(normalise(found.maps, found.peaks))


def check_answer(agent: Agent, answer: dict, screens: np.ndarray, state: CoreState | None = None) -> None:
    """Fails where a signature answered otherwise than the live network."""
    decision, found = agent.act(screens, state), agent.explain(screens, state)
    np.testing.assert_array_equal(answer["action"], decision.actions)
    names = [agent.action_names[action].encode() for action in decision.actions]
    assert answer["action_name"].tolist() == names
    assert answer["action_names"].tolist() == [[name.encode() for name in agent.action_names]] * len(screens)
    np.testing.assert_allclose(answer["action_probabilities"], decision.probabilities, atol=1e-5)
    np.testing.assert_allclose(answer["value"], decision.values, atol=1e-4)
    np.testing.assert_allclose(answer["heatmap"], heatmaps(found), atol=1e-3)
    np.testing.assert_allclose(answer["heatmap_peak"], found.peaks, rtol=1e-3)
    assert [status.decode() for status in answer["heatmap_status"]] == found.statuses
    assert answer["heatmap_box"].tolist() == [[46, 12, 174, 140]] * len(screens)
