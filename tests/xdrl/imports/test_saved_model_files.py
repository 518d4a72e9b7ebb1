"""The folder of a SavedModel becomes an agent by a mapping, and answers as the Keras model that was exported."""

import json
import shutil
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers

from xdrl.agents import build_agent_network
from xdrl.errors import UserError
from xdrl.imports import read_foreign_agent
from xdrl.networks import arrays_to_variables

ACTIONS = ("NOOP", "FIRE", "RIGHT", "LEFT")
MAPPING = {
    "convolution_1": "first", "convolution_2": "second", "convolution_3": "third", "hidden": "dense", "policy": "q",
    "head": "action values", "brightest": 255, "epsilon": 0.05, "greedy": False,
}  # fmt: skip


@pytest.fixture(scope="module")
def model() -> keras.Model:
    """A network of action values that sees pixels from 0 to 255."""
    pixels = keras.Input((84, 84, 4))
    x = layers.Conv2D(32, 8, 4, activation="relu", name="first")(pixels)
    x = layers.Conv2D(64, 4, 2, activation="relu", name="second")(x)
    x = layers.Flatten()(layers.Conv2D(64, 3, activation="relu", name="third")(x))
    return keras.Model(pixels, layers.Dense(4, name="q")(layers.Dense(16, activation="relu", name="dense")(x)))


@pytest.fixture(scope="module")
def exported(model: keras.Model, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What Keras exports of it, as a TFSMLayer would hold it."""
    folder = tmp_path_factory.mktemp("saved") / "model"
    model.export(folder, verbose=False)
    return folder


@pytest.fixture
def mapping(tmp_path: Path) -> Path:
    path = tmp_path / "mapping.json"
    path.write_text(json.dumps(MAPPING))
    return path


@pytest.fixture
def damaged(exported: Path, tmp_path: Path) -> Path:
    """A copy to be damaged."""
    return shutil.copytree(exported, tmp_path / "damaged")


def test_a_saved_model_answers_as_the_model_did(model: keras.Model, exported: Path, mapping: Path):
    found = read_foreign_agent(exported, ACTIONS, "Breakout", mapping)
    assert (found.config.epsilon, found.config.greedy) == (0.05, False)
    network = build_agent_network(found.config)
    arrays_to_variables(found.weights, network.weights)
    pixels = np.random.default_rng(0).integers(0, 256, (2, 84, 84, 4)).astype(np.float32)
    outputs = network.conclude(network.extract(pixels / 255), ())
    expected = np.asarray(model(pixels))
    np.testing.assert_allclose(outputs.logits, expected, atol=1e-3, rtol=1e-4)
    np.testing.assert_allclose(outputs.values, expected.max(-1), atol=1e-3, rtol=1e-4)


def test_nothing_of_its_graph_is_loaded(damaged: Path, mapping: Path):
    (damaged / "saved_model.pb").write_bytes(b"no graph")
    assert read_foreign_agent(damaged, ACTIONS, "Breakout", mapping).config.num_actions == 4


def test_it_needs_a_mapping_and_its_layers_are_named(exported: Path, mapping: Path):
    with pytest.raises(UserError, match="expected --mapping for the SavedModel"):
        read_foreign_agent(exported, ACTIONS, "Breakout")
    mapping.write_text(json.dumps(MAPPING | {"policy": "logits"}))
    with pytest.raises(UserError, match="expected a layer logits in model, got first, second, third, dense, q"):
        read_foreign_agent(exported, ACTIONS, "Breakout", mapping)


@pytest.mark.parametrize("share", [0.0, 0.5, 0.99])
@pytest.mark.parametrize("name", ["variables.index", "variables.data-00000-of-00001"])
def test_a_truncated_one_is_one_line(name: str, share: float, damaged: Path, mapping: Path):
    path = damaged / "variables" / name
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(UserError, match=r"^expected [^\n]*$"):
        read_foreign_agent(damaged, ACTIONS, "Breakout", mapping)


def test_one_with_bits_turned_is_one_line_or_an_agent(damaged: Path, mapping: Path):
    path, generator = damaged / "variables" / "variables.index", np.random.default_rng(0)
    content = path.read_bytes()
    for _ in range(20):
        turned = bytearray(content)
        for place in generator.integers(0, len(content), 3):
            turned[place] ^= 1 << int(generator.integers(8))
        path.write_bytes(turned)
        try:
            read_foreign_agent(damaged, ACTIONS, "Breakout", mapping)
        except UserError as error:
            assert "\n" not in str(error)


@pytest.mark.parametrize("kind", ["link", "missing"])
def test_numbers_that_lie_in_another_file_are_not_read(kind: str, damaged: Path, mapping: Path, tmp_path: Path):
    path = damaged / "variables" / "variables.data-00000-of-00001"
    path.rename(tmp_path / "elsewhere")
    if kind == "link":
        path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UserError, match=r"expected a file variables/variables.data-00000-of-00001 of at most 512 MiB"):
        read_foreign_agent(damaged, ACTIONS, "Breakout", mapping)


def test_another_folder_is_named(tmp_path: Path, mapping: Path):
    with pytest.raises(UserError, match=r"expected a zip of Stable-Baselines3, .* got a folder"):
        read_foreign_agent(tmp_path, ACTIONS, "Breakout", mapping)
