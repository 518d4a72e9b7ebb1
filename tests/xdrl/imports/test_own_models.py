"""A Keras model of another shape than the Nature network becomes an agent, and answers as it did."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers
from typer.testing import CliRunner

from xdrl.agent_configs import agent_config_from_json, agent_config_to_json
from xdrl.agent_networks import AgentNetwork
from xdrl.agents import build_agent_network, load_agent
from xdrl.commands.app import app
from xdrl.environments import find_protocol
from xdrl.errors import UserError
from xdrl.evaluation import record_episode
from xdrl.games import ALL_ACTIONS
from xdrl.imports import read_foreign_agent
from xdrl.networks import arrays_to_variables
from xdrl.preprocessing import Box
from xdrl.report.contents import describe_making

# Keras saves a variable in a way that numpy warns of.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
ACTIONS = ("NOOP", "FIRE", "RIGHT", "LEFT")
TWO = {"policy": "logits", "value": "state_value"}


def with_two_outputs() -> keras.Model:
    """Gray, 96 x 96: 3 x 3 convolutions, normalised, pooled, a residual, and two outputs that have names."""
    pixels = keras.Input((96, 96, 4))
    x = layers.Conv2D(4, 3, strides=2, padding="same", use_bias=False)(layers.Rescaling(1 / 255)(pixels))
    x = layers.MaxPooling2D(2)(layers.ReLU()(layers.BatchNormalization(name="norm")(x)))
    residual = layers.Conv2D(4, 3, padding="same", activation="relu")(x)
    x = layers.Dropout(0.5)(layers.Add(name="sum")([x, residual]))
    x = layers.Dense(8, "tanh")(layers.Flatten()(layers.MaxPooling2D(2)(x)))
    heads = {"logits": layers.Dense(4, name="pi")(x), "state_value": layers.Dense(1, name="v")(x)}
    model = keras.Model(pixels, heads)
    norm, generator = model.get_layer("norm"), np.random.default_rng(0)
    norm.set_weights([generator.uniform(0.5, 1.5, weight.shape) for weight in norm.get_weights()])
    return model


def with_one_head(outputs: int = 4, activation: str = "softmax") -> keras.Model:
    """In colours, 48 x 64, one output of probabilities, in a row."""
    return keras.Sequential(
        [
            keras.Input((48, 64, 3)),
            layers.ZeroPadding2D(1),
            layers.Conv2D(4, 4, strides=2, activation="elu", name="seen"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(outputs, activation, name="actions"),
        ]
    )


def read(model: keras.Model, description: dict[str, Any], folder: Path) -> tuple[Any, AgentNetwork]:
    """Saves a model and imports it; gives what was read, and the network with its weights."""
    model.save(folder / "model.keras")
    (folder / "model.json").write_text(json.dumps(description))
    found = read_foreign_agent(folder / "model.keras", ACTIONS, "Breakout", folder / "model.json")
    config = agent_config_from_json(json.loads(json.dumps(agent_config_to_json(found.config))))
    assert config == found.config
    network = build_agent_network(config)
    arrays_to_variables(found.weights, network.weights)
    return found, network


def test_a_model_with_two_named_outputs_answers_as_it_did(tmp_path: Path):
    model = with_two_outputs()
    found, network = read(model, TWO, tmp_path)
    assert (found.config.feature_map, found.config.frames, found.config.colours) == ("sum", 4, "gray")
    # Keras pads the first convolution, of kernel 3 and stride 2, behind alone: all cells lie half a pixel further on.
    down, across = 0.5 * 210 / 96, 0.5 * 160 / 96
    assert network.heatmap_box == pytest.approx((down, across, 210 + down, 160 + across))
    assert network.torso.output_shape == (None, 24, 24, 4)
    pixels = np.random.default_rng(1).integers(0, 256, (2, 96, 96, 4)).astype(np.float32)
    expected, outputs = model(pixels), network.conclude(network.extract(pixels / 255), ())
    np.testing.assert_allclose(outputs.logits, expected["logits"], atol=1e-5)
    np.testing.assert_allclose(outputs.values, np.asarray(expected["state_value"])[:, 0], atol=1e-5)


def test_a_row_of_layers_with_one_head_of_probabilities_answers_as_it_did(tmp_path: Path):
    model = with_one_head()
    found, network = read(model, {"policy": "actions", "head": "policy", "colours": "rgb"}, tmp_path)
    assert (found.config.feature_map, found.config.frames, found.config.brightest) == ("seen", 1, 1)
    # Cells of 2 x 2 pixels of 48 x 64; padded by 1 and with kernels of 4, the first one is about pixels -1 to 3.
    assert network.heatmap_box == Box(0, 0, 210, 160) and not network.memory_parts
    screens = np.random.default_rng(1).integers(0, 256, (2, 210, 160, 3)).astype(np.uint8)
    observation, _ = network.observe(screens, ())
    outputs = network.conclude(network.extract(observation), ())
    np.testing.assert_allclose(network.weigh_actions(outputs.logits), model(observation), atol=1e-5)
    assert not np.asarray(outputs.values).any()


def test_all_18_actions_and_q_values(tmp_path: Path):
    found, network = read(with_one_head(18, "linear"), {"policy": "actions", "colours": "rgb"}, tmp_path)
    assert found.config.action_names == ALL_ACTIONS and found.config.judges_actions
    outputs = network.conclude(network.extract(np.ones((1, 48, 64, 3), np.float32)), ())
    np.testing.assert_array_equal(outputs.values, np.asarray(outputs.logits).max(-1))


def lambda_model() -> keras.Model:
    pixels = keras.Input((84, 84, 4))
    x = layers.Lambda(lambda values: values / 255)(pixels)
    return keras.Model(pixels, layers.Dense(4, name="logits")(layers.Flatten()(layers.Conv2D(4, 8, 4)(x))))


def two_ways() -> keras.Model:
    pixels = keras.Input((84, 84, 4))
    ways = [layers.Flatten()(layers.Conv2D(4, 8, 4, name=f"way_{number}")(pixels)) for number in range(2)]
    return keras.Model(pixels, layers.Dense(4, name="logits")(layers.Concatenate()(ways)))


def without_convolution() -> keras.Model:
    pixels = keras.Input((84, 84, 4))
    return keras.Model(pixels, layers.Dense(4, name="logits")(layers.Flatten()(pixels)))


@pytest.mark.parametrize(
    ("make", "description", "message"),
    [
        (lambda_model, {"policy": "logits"}, r"expected layers of Conv2D, .* got 'lambda\w*', of Lambda"),
        (two_ways, {"policy": "logits"}, "to pass the feature map way_1, got ways around it"),
        (without_convolution, {"policy": "logits"}, "expected a convolution in model.keras, got Flatten, Dense"),
        (with_one_head, {"policy": "actions"}, "expected colours to be gray or rgb .* for 3 channels, got ''"),
        (with_one_head, {"policy": "heads", "colours": "rgb"}, "expected a layer of .*actions, got 'heads'"),
        (with_one_head, {"colours": "rgb"}, "expected policy in .*: the layer of model.keras that gives logits"),
        (with_one_head, {"policy": "actions", "colour": "rgb"}, "expected policy, value, .* got 'colour'"),
        (
            lambda: with_one_head(5),
            {"policy": "actions", "colours": "rgb"},
            "expected 4 outputs .* the actions of Break",
        ),
    ],
)
def test_what_cannot_be_read_is_one_line(make: Callable, description: dict[str, str], message: str, tmp_path: Path):
    with pytest.raises(UserError, match=rf"^[^\n]*{message}[^\n]*$"):
        read(make(), description, tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"units": 4', '"units": 8000', "expected 4 outputs"),
        ('"filters": 4', '"filters": 1e300', "expected a plain filters"),
        (
            '"filters": 4, "kernel_size": [4, 4]',
            '"filters": 8192, "kernel_size": [99, 99]',
            "at most 134,217,728 weights",
        ),
        ('"kernel_size": [4, 4]', '"kernel_size": [400, 4]', "that fits what is before it"),
        ('"Dense"', '"../Dense"', "got 'actions', of ../Dense"),
        ('"linear"', '"os.system"', "expected a plain activation"),
        ("{", "[", "expected a model of Keras in model.keras, config.json, got JSONDecodeError"),
    ],
)
def test_a_description_of_a_stranger_is_one_line(old: str, new: str, message: str, tmp_path: Path):
    model = with_one_head(activation="linear")
    model.save(tmp_path / "model.keras")
    (tmp_path / "model.json").write_text(json.dumps({"policy": "actions", "colours": "rgb"}))
    with zipfile.ZipFile(tmp_path / "model.keras") as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    changed = members["config.json"].decode()
    assert old in changed
    members["config.json"] = changed.replace(old, new).encode()
    with zipfile.ZipFile(tmp_path / "model.keras", "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    with pytest.raises(UserError, match=rf"^[^\n]*{message}[^\n]*$"):
        read_foreign_agent(tmp_path / "model.keras", ACTIONS, "Breakout", tmp_path / "model.json")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("make", "description"),
    [(with_two_outputs, TWO), (with_one_head, {"policy": "actions", "head": "policy", "colours": "rgb"})],
)
def test_it_is_played_explained_and_exported(
    make: Callable[[], keras.Model], description: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("xdrl.backends.tensorflow.use_threads", lambda count: None)  # TensorFlow has started already
    make().save("model.keras")
    Path("model.json").write_text(json.dumps(description))
    for command in (
        ["import", "model.keras", "--game", "Breakout", "--mapping", "model.json"],
        ["evaluate", "Breakout", "--episodes", "1"],
        ["explain", "Breakout", "--steps", "6", "--output", "explained"],
        ["trust", "Breakout", "--episodes", "1", "--steps", "20", "--frames", "2"],
        ["export", "Breakout", "--run-dir", "imported/Breakout", "--output", "models"],
    ):
        said = CliRunner().invoke(app, command)
        assert said.exit_code == 0, said.output
    agent, again = load_agent("imported/Breakout"), load_agent("models/Breakout")
    recording = record_episode(agent, find_protocol("sb3", agent.game), 6, is_greedy=True, seed=0)
    logits = again.act(recording.screens, recording.state).logits
    np.testing.assert_array_equal(logits, agent.act(recording.screens, recording.state).logits)
    # It played screen by screen, where sums come in another order.
    np.testing.assert_allclose(logits, recording.logits, atol=1e-5)
    has_value = "value" in description
    assert ("a policy alone" in dict(describe_making(agent, []))["Critic"]) is not has_value
    for method in ("grad-cam", "saliency", "blur", "sarfa", "objects"):
        found = agent.explain(recording.screens, recording.state, method=method)
        assert len(found.maps) == 6 and np.isfinite(found.maps).all()
