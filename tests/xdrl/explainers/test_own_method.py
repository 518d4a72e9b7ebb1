"""A worked example: a method of one's own, which agents, the command line and Keras models then know."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from xdrl.errors import UserError
from xdrl.explainers import METHODS, explain, register_method
from xdrl.explainers.maps import MapBatch, describe
from xdrl.explainers.subjects import Subject
from xdrl.methods import METHOD_ROWS, MethodRow, choose_methods
from xdrl.targets import Target


def strength(subject: Subject) -> MapBatch:
    """Says how much the network sees at each cell, whatever it makes of it: the mean over the channels."""
    feature_map = subject.extract(subject.observation)
    outputs = subject.decide(feature_map, subject.observation)
    return describe(tf.reduce_mean(feature_map, -1), tf.reduce_any(feature_map > 0, (1, 2, 3)), outputs)


@pytest.fixture
def registered():
    row = MethodRow("what the last convolution's channels come to", "nobody 2026", follows_target=False)
    register_method("strength", strength, row)
    yield row
    del METHODS["strength"], METHOD_ROWS["strength"]


def test_an_agent_explains_by_it(registered, tiny):
    agent = tiny.make_agent()
    screens, state = tiny.play_randomly(agent, 3), tiny.random_state(agent, 3)
    found = agent.explain(screens, state, "chosen", "strength")
    observation, _ = agent.network.observe(screens, tuple(state))
    np.testing.assert_allclose(found.maps, np.mean(agent.network.extract(observation), -1), atol=1e-6)
    assert found.statuses == ["ok"] * 3 and found.box == agent.network.heatmap_box


def test_the_command_line_knows_it_by_name_and_among_all(registered):
    assert choose_methods("strength,grad-cam", Target("value"))[0] == ["strength", "grad-cam"]
    assert "strength" in choose_methods("all", Target("chosen"))[0]


def test_it_explains_a_keras_model(registered):
    model = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Conv2D(2, 3), keras.layers.Flatten()])
    assert explain(model, np.ones((2, 8, 8, 1), np.float32), method="strength").maps.shape == (2, 6, 6)


def test_a_name_that_there_is_is_refused(registered):
    with pytest.raises(UserError, match="expected a new name for a method, got 'grad-cam'"):
        register_method("grad-cam", strength, registered)
