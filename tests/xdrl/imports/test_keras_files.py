"""A Keras model of one's own becomes an agent by a mapping, and answers as it did."""

import io
import json
import zipfile
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest
from keras import layers

from xdrl.agents import build_agent_network
from xdrl.errors import UserError
from xdrl.imports import read_foreign_agent
from xdrl.networks import arrays_to_variables

# Keras saves a variable in a way that numpy warns of.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

ACTIONS = ("NOOP", "FIRE", "RIGHT", "LEFT")
MAPPING = {
    "convolution_1": "first", "convolution_2": "second", "convolution_3": "third", "hidden": "dense", "policy": "pi",
    "value": "v",
}  # fmt: skip


@pytest.fixture(scope="module")
def model() -> keras.Model:
    pixels = keras.Input((84, 84, 4))
    x = layers.Conv2D(32, 8, 4, activation="relu", name="first")(layers.Rescaling(1 / 255)(pixels))
    x = layers.Conv2D(64, 4, 2, activation="relu", name="second")(x)
    x = layers.Flatten()(layers.Conv2D(64, 3, activation="relu", name="third")(x))
    x = layers.Dense(16, activation="relu", name="dense")(x)
    return keras.Model(pixels, [layers.Dense(4, name="pi")(x), layers.Dense(1, name="v")(x)])


@pytest.fixture
def mapping(tmp_path: Path) -> Path:
    path = tmp_path / "mapping.json"
    path.write_text(json.dumps(MAPPING))
    return path


def test_a_keras_model_answers_as_it_did(model: keras.Model, mapping: Path, tmp_path: Path):
    model.save(tmp_path / "model.keras")
    found = read_foreign_agent(tmp_path / "model.keras", ACTIONS, "Breakout", mapping)
    network = build_agent_network(found.config)
    arrays_to_variables(found.weights, network.weights)
    pixels = np.random.default_rng(0).integers(0, 256, (2, 84, 84, 4)).astype(np.float32)
    expected = model(pixels)
    outputs = network.conclude(network.extract(pixels / 255), ())
    np.testing.assert_allclose(outputs.logits, expected[0], atol=1e-5)
    np.testing.assert_allclose(outputs.values, np.asarray(expected[1])[:, 0], atol=1e-5)


def test_a_keras_model_without_a_mapping_is_told_of_it(model: keras.Model, tmp_path: Path):
    model.save(tmp_path / "model.keras")
    with pytest.raises(UserError, match="expected --mapping for the Keras model"):
        read_foreign_agent(tmp_path / "model.keras", ACTIONS, "Breakout")


def test_a_layer_that_is_not_there_is_named(model: keras.Model, mapping: Path, tmp_path: Path):
    model.save(tmp_path / "model.keras")
    mapping.write_text(json.dumps(MAPPING | {"policy": "logits"}))
    with pytest.raises(UserError, match=r"expected a layer logits in model.keras, got first, second"):
        read_foreign_agent(tmp_path / "model.keras", ACTIONS, "Breakout", mapping)


@pytest.mark.parametrize("kind", ["link", "external", "nothing"])
def test_weights_that_lie_in_another_file_are_not_read(kind: str, mapping: Path, tmp_path: Path):
    buffer = io.BytesIO()
    (tmp_path / "secret").write_bytes(bytes(64))
    with h5py.File(buffer, "w") as file:
        if kind != "nothing":
            variables = file.create_group("layers/conv2d/vars")
            if kind == "link":
                variables["0"] = h5py.ExternalLink(str(tmp_path / "secret"), "/")
            else:
                variables.create_dataset("0", (16,), "f4", external=[(str(tmp_path / "secret"), 0, 64)])
    path = tmp_path / "model.keras"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("model.weights.h5", buffer.getvalue())
    with pytest.raises(UserError, match=r"^expected weights of Keras in model.keras[^\n]*$"):
        read_foreign_agent(path, ACTIONS, "Breakout", mapping)
