"""A worked example: a field of one's own in the answer; the server and its descriptions take it from the graph."""

import json
import urllib.request

import numpy as np
import pytest
import tensorflow as tf

from serving import signatures
from serving.answers import STATE
from serving.client import AgentClient
from tests.serving.conftest import serve_folder

answer = signatures._answer


def answer_with_entropy(network, found):
    """Adds how undecided the policy is, in nats, float32 [N]."""
    fields = answer(network, found)
    probabilities = fields["action_probabilities"]
    return fields | {"policy_entropy": -tf.reduce_sum(probabilities * tf.math.log(probabilities), -1)}


@pytest.fixture(scope="module")
def url(agent, tmp_path_factory):
    """The address of a server over an agent whose answers have the field."""
    folder, servable = tmp_path_factory.mktemp("models"), tf.Module()
    servable.weights = [weight.value for weight in agent.network.weights]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(signatures, "_answer", answer_with_entropy)
        tf.saved_model.save(servable, str(folder / "Pong/1"), signatures=signatures.build_signatures(agent.network))
    with serve_folder(folder) as address:
        yield address


def test_an_answer_has_it(agent, screens, url):
    decision = agent.act(screens[:1])
    (prediction,) = AgentClient(url, "Pong").predict(
        {"signature_name": "step", "instances": [step_inputs(agent, screens[0])]}
    )["predictions"]
    expected = -np.sum(decision.probabilities * np.log(decision.probabilities))
    assert prediction["policy_entropy"] == pytest.approx(float(expected), abs=1e-5)


def step_inputs(agent, screen):
    """A screen and the memory of a game that begins, as JSON."""
    state = agent.initial_state(1)._asdict()
    return {"frame": screen.tolist()} | {f"{STATE}{name}": part[0].tolist() for name, part in state.items()}


def test_the_descriptions_have_it(url):
    outputs = AgentClient(url, "Pong").metadata()["metadata"]["signature_def"]["signature_def"]["step"]["outputs"]
    assert outputs["policy_entropy"]["dtype"] == "DT_FLOAT"
    with urllib.request.urlopen(f"{url}/openapi.json") as document:
        assert '"policy_entropy"' in json.dumps(json.load(document))
