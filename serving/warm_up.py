"""What an export brings along for its servers: a request of each signature to warm up with, and a screen to show."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import tensorflow as tf
from tensorflow_serving.apis.prediction_log_pb2 import PredictionLog

from serving.answers import STATE
from xdrl.agents import Agent
from xdrl.environments import VectorEnvironment
from xdrl.memories import Memory, select
from xdrl.storage.files import replaced_file

WARM_UP_REQUESTS = Path("assets.extra") / "tf_serving_warmup_requests"
"""Where TensorFlow Serving looks for requests to replay before a version answers."""
BATCHING_STATEMENT = Path("assets.extra") / "batching.json"
"""Where the embedded server looks for the word that requests may be run together."""
SAMPLE_PNG = Path("assets.extra") / "sample.png"

NUM_GAMES, NUM_STEPS = 3, 40
"""Games side by side, and agent steps into them, of the sample screens."""


class Samples(NamedTuple):
    """Moments of an agent's game: screens uint8 [N, 210, 160, 3], and the states with which it sees them."""

    screens: np.ndarray
    state: Memory

    def first(self, count: int) -> "Samples":
        """Returns the first moments."""
        return Samples(self.screens[:count], select(self.state, slice(count)))


def play_samples(agent: Agent) -> Samples:
    """Plays games at random for a while, watched by the agent."""
    environment = VectorEnvironment(agent.game, NUM_GAMES)
    screens, state = environment.reset(seed=1), agent.initial_state(NUM_GAMES)
    generator = np.random.default_rng(1)
    for _ in range(NUM_STEPS):
        state = agent.act(screens, state).state
        screens = environment.step(generator.integers(0, len(agent.action_names), NUM_GAMES)).screens
    environment.close()
    return Samples(screens, state)


def sample_requests(samples: Samples, target_action: int) -> dict[str, dict[str, np.ndarray]]:
    """Returns the inputs of each signature.

    Args:
        samples: N moments.
        target_action: that `explain` is asked about.

    Returns:
        by signature and input: arrays [N, …], images as PNG.
    """
    images = {"image_bytes": np.array([tf.io.encode_png(screen).numpy() for screen in samples.screens])}
    frames = {"frame": samples.screens} | {f"{STATE}{name}": part for name, part in samples.state._asdict().items()}
    targets = {"target_action": np.full(len(samples.screens), target_action, np.int64)}
    return {"serving_default": images, "overlay": images, "step": frames, "explain": frames | targets}


def write_samples(agent: Agent, samples: Samples, version: Path) -> None:
    """Writes the warm-up requests, one screen each, and that screen; two raw screens make up most of their 210 kB.

    Args:
        agent: of the export.
        samples: of its game; the first one is taken.
        version: folder of the export; what it has of these files is replaced.

    Raises:
        UserError: they cannot be written.
    """
    requests = sample_requests(samples.first(1), target_action=len(agent.action_names) - 1)
    with replaced_file(version / WARM_UP_REQUESTS) as aside, tf.io.TFRecordWriter(str(aside)) as writer:
        for signature, inputs in requests.items():
            writer.write(_prediction_log(agent.game.name, signature, inputs).SerializeToString())
    with replaced_file(version / SAMPLE_PNG) as aside:
        aside.write_bytes(requests["serving_default"]["image_bytes"][0])


def _prediction_log(model: str, signature: str, inputs: dict[str, np.ndarray]) -> PredictionLog:
    log = PredictionLog()
    request = log.predict_log.request
    request.model_spec.name, request.model_spec.signature_name = model, signature
    for name, array in inputs.items():
        request.inputs[name].CopyFrom(tf.make_tensor_proto(array))
    return log
