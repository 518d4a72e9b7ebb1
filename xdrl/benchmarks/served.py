"""What the load benchmark serves: an agent as it is, beside one that does not explain; and its bare call."""

import logging
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import tensorflow as tf

from serving.signatures import decode_screens, zero_memory
from xdrl.agent_networks import AgentNetwork, take_step
from xdrl.agents import Agent

SIGNATURE, INPUT = "serving_default", "image_bytes"


def encode_screens(screens: np.ndarray) -> list[bytes]:
    """Returns screens, uint8 [N, 210, 160, 3], as PNG files."""
    return [tf.io.encode_png(screen).numpy() for screen in screens]


def lay_out_models(folder: Path, version: Path, agent: Agent, without_heatmap: str) -> None:
    """Fills a folder for a server.

    Args:
        folder: empty; gets the exported agent under its game's name, and the one that does not explain.
        version: of the exported agent.
        agent: the same, loaded.
        without_heatmap: name of the one that does not explain.
    """
    shutil.copytree(version, folder / agent.game.name / version.name)
    servable = tf.Module()
    servable.weights = [weight.value for weight in agent.network.weights]
    signatures = {SIGNATURE: _acting_signature(agent.network)}
    tf.saved_model.save(servable, str(folder / without_heatmap / "1"), signatures=signatures)


class BareCalls:
    """An exported agent in a session of this process, as a server runs it, with nothing around it."""

    def __init__(self, version: Path) -> None:
        """Loads it."""
        self._session = tf.compat.v1.Session(graph=tf.Graph())
        with _quiet():
            meta_graph = tf.compat.v1.saved_model.load(self._session, ["serve"], str(version))
        signature = meta_graph.signature_def[SIGNATURE]
        self._input = signature.inputs[INPUT].name
        self._outputs = {name: tensor.name for name, tensor in signature.outputs.items()}

    def ask(self, images: list[bytes]) -> dict[str, np.ndarray]:
        """Asks for all the images at once."""
        answer: dict[str, np.ndarray] = self._session.run(self._outputs, {self._input: np.array(images, np.object_)})
        return answer

    def time(self, images: list[bytes], seconds: float) -> list[float]:
        """Asks for all the images at once, again and again.

        Returns:
            the milliseconds of each call.
        """
        milliseconds: list[float] = []
        end = time.perf_counter() + seconds
        while not milliseconds or time.perf_counter() < end:
            started = time.perf_counter()
            self.ask(images)
            milliseconds.append((time.perf_counter() - started) * 1000)
        return milliseconds

    def close(self) -> None:
        """Frees it."""
        self._session.close()


def _acting_signature(network: AgentNetwork) -> "tf.types.experimental.PolymorphicFunction":
    """Returns what `serving_default` decides on a screenshot, without the map of why."""

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, INPUT)], autograph=False)
    def act(image_bytes: tf.Tensor) -> dict[str, tf.Tensor]:
        screens = decode_screens(image_bytes)
        logits, values, _ = take_step(network, screens, zero_memory(network, tf.shape(screens)[0]))
        probabilities = network.weigh_actions(logits)
        return {"action": tf.argmax(logits, -1), "action_probabilities": probabilities, "value": values}

    return act


@contextmanager
def _quiet() -> Iterator[None]:
    """Keeps TensorFlow from saying that its session loader is deprecated: it is the one that servers use."""
    logger = tf.get_logger()
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
