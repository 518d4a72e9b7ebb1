"""Keras models of any shape, out of a `.keras` file: layers that are known are built anew, and nothing of it is run."""

import dataclasses
import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from xdrl.errors import UserError
from xdrl.games import ALL_ACTIONS
from xdrl.imported_config import POLICY
from xdrl.imports.archives import read_member
from xdrl.imports.keras_files import read_layers
from xdrl.imports.layers import Imported
from xdrl.imports.state_files import read_brightest, read_settings
from xdrl.networks import arrays_to_variables, variables_to_arrays
from xdrl.own_config import COLOURS, GRAY, LAYERS, RGB, OwnConfig, Row
from xdrl.own_network import build_own

MODEL = "config.json"
DESCRIBED = (
    "policy", "value", "feature_map", "colours", "head", "padding", "gray_first", "support", "epsilon", "greedy",
    "brightest",
)  # fmt: skip
"""What a description may say."""
MOST_BYTES = 4 << 20
_IDLE = ("Dropout", "SpatialDropout2D", "GaussianDropout", "GaussianNoise", "ActivityRegularization")
"""Layers that do nothing once a model is trained."""
_KEEPING = (
    "BatchNormalization", "LayerNormalization", "GroupNormalization", "Activation", "ReLU", "LeakyReLU", "ELU", "Add",
    "Subtract", "Multiply", "Average", "Maximum", "Concatenate",
)  # fmt: skip
"""Layers that leave the cells of a feature map where they are, and belong to it."""
_CONTAINERS = ("Functional", "Sequential")
_DAMAGE = (ValueError, LookupError, TypeError, AttributeError, RecursionError)
"""What following a damaged description of a model raises."""


def read_own_model(
    archive: zipfile.ZipFile, values: Mapping[str, Any], mapping: Path, source: str, names: tuple[str, ...], game: str
) -> Imported:
    """Reads a model and its weights.

    Args:
        archive: what `keras.Model.save` wrote.
        values: a description: which layers, or named outputs, are the heads, and what the file does not say.
        mapping: where that comes from, for what is said.
        source: name of the file, for what is said.
        names: of the game's own actions; a head of 18 actions has all of the emulator's.
        game: its name, for what is said.

    Raises:
        UserError: the description is none, the model is damaged or has other layers, or they do not fit the agent.
    """
    unknown = [name for name in values if name not in DESCRIBED]
    if unknown:
        raise UserError(f"expected {', '.join(DESCRIBED)} in {mapping}, got {unknown[0]!r}")
    content = read_member(archive, MODEL, MOST_BYTES)
    try:
        model = json.loads(content)
        shape, rows, outputs = _read_rows(model, source)
    except _DAMAGE as error:
        words = f"{type(error).__name__}: {error}"
        raise UserError(f"expected a model of Keras in {source}, {MODEL}, got {words}") from error
    settings = read_settings(values, "Keras", mapping)
    if "policy" not in values:
        raise UserError(f"expected policy in {mapping}: the layer of {source} that gives logits or Q-values")
    policy = _find_head(values, "policy", outputs, mapping)
    value = _find_head(values, "value", outputs, mapping) if "value" in values else ""
    if settings["head"] == POLICY:
        rows, policy = _without_softmax(rows, policy)
    height, width, channels = shape
    colours = _find_colours(values, channels, mapping)
    raw = 255.0 if any(row.kind == "Rescaling" and row.inputs == ("",) for row in rows) else 1.0
    config = OwnConfig(
        action_names=names, rows=rows, policy=policy, value=value, height=height, width=width, colours=colours,
        frames=channels // COLOURS[colours], brightest=read_brightest(values, raw, mapping),
        feature_map=str(values.get("feature_map") or _last_feature_map(rows, source)), **settings,
    )  # fmt: skip
    return _fit(config, read_layers(archive, source), source, game)


def _fit(config: OwnConfig, arrays: Mapping[str, Sequence[np.ndarray]], source: str, game: str) -> Imported:
    """Builds the network once, to see that weights and heads fit."""
    try:
        network = build_own(config)
    except UserError as error:
        if config.action_names == ALL_ACTIONS or f"outputs of the layer {config.policy}" not in str(error):
            raise
        try:
            config = dataclasses.replace(config, action_names=ALL_ACTIONS)
            network = build_own(config)
        except UserError:
            raise UserError(f"{error}, the actions of {game}") from None
    by_layer: dict[str, list[str]] = {}
    for path in variables_to_arrays(network.weights):
        by_layer.setdefault(path.rpartition("/")[0], []).append(path)
    weights: dict[str, np.ndarray] = {}
    for layer, paths in by_layer.items():
        if len(arrays.get(layer, ())) != len(paths):
            raise UserError(f"expected {len(paths)} arrays of {layer} in {source}, got {len(arrays.get(layer, ()))}")
        weights |= dict(zip(paths, arrays[layer], strict=True))
    for path, array in weights.items():
        if not np.isfinite(array).all():
            raise UserError(f"expected finite weights, got NaN or infinity in {path}")
    arrays_to_variables(weights, network.weights)
    return Imported(config, weights, 0)


def _read_rows(model: Any, source: str) -> tuple[tuple[int, ...], tuple[Row, ...], dict[str, str]]:
    """Reads shape of the input, the layers in order, and which layers are the outputs, by all names they have."""
    if model["class_name"] not in _CONTAINERS:
        raise UserError(f"expected a Functional or Sequential model in {source}, got {model['class_name']}")
    shapes, rows, same = [], [], {}
    before = ""
    for layer in model["config"]["layers"]:
        kind, settings = str(layer["class_name"]), layer["config"]
        name = str(settings["name"])
        if kind == "InputLayer":
            shapes.append(settings["batch_shape"])
            same[name] = before = ""
            continue
        inputs = [before] if model["class_name"] == "Sequential" else list(_inputs(layer, name))
        inputs = [same.get(each, each) for each in inputs]
        before = name
        if kind in _IDLE:
            same[name] = before = inputs[0]
            continue
        if settings.get("data_format", "channels_last") not in (None, "channels_last"):
            raise UserError(f"expected channels last in {source}, got {settings['data_format']} of {name}")
        known = {each: settings[each] for each in LAYERS.get(kind, ()) if each in settings}
        rows.append(Row(name, kind, known, tuple(inputs)))
    if not shapes and "build_input_shape" in model["config"]:
        shapes.append(model["config"]["build_input_shape"])
    is_fine = len(shapes) == 1 and len(shapes[0]) == 4 and all(isinstance(length, int) for length in shapes[0][1:])
    if not is_fine:
        raise UserError(f"expected one input [height, width, channels] in {source}, got {shapes}")
    outputs = _outputs(model["config"].get("output_layers", []), rows[-1].name)
    return tuple(shapes[0][1:]), tuple(rows), {name: same.get(each, each) for name, each in outputs.items()} | same


def _inputs(layer: Mapping[str, Any], name: str) -> Iterator[str]:
    """Yields the names of the layers that a layer of a functional model takes."""
    nodes = layer["inbound_nodes"]
    if len(nodes) != 1:
        raise UserError(f"expected layers that are called once, got {name}, which is {len(nodes)} times")
    (arguments,) = nodes[0]["args"]
    for tensor in arguments if isinstance(arguments, list) else [arguments]:
        before, _, number = tensor["config"]["keras_history"]
        if number:
            raise UserError(f"expected layers of one output, got {before} before {name}")
        yield str(before)


def _outputs(layers: Any, last: str) -> dict[str, str]:
    """Returns the layers of a model's outputs by the outputs' names, where they have some."""
    return {str(name): str(each[0]) for name, each in layers.items()} if isinstance(layers, dict) else {last: last}


def _find_head(values: Mapping[str, Any], name: str, outputs: Mapping[str, str], mapping: Path) -> str:
    if not isinstance(values[name], str):
        raise UserError(f"expected a text for {name} in {mapping}, got {values[name]!r}")
    return outputs.get(values[name], values[name])


def _without_softmax(rows: Sequence[Row], policy: str) -> tuple[tuple[Row, ...], str]:
    """Takes the softmax away that turns logits into probabilities."""
    by_name = {row.name: row for row in rows}
    row = by_name.get(policy)
    if row and (row.kind == "Softmax" or (row.kind == "Activation" and row.settings.get("activation") == "softmax")):
        return tuple(rows), row.inputs[0]
    if row and row.settings.get("activation") == "softmax":
        by_name[policy] = dataclasses.replace(row, settings={**row.settings, "activation": "linear"})
    return tuple(by_name.values()), policy


def _find_colours(values: Mapping[str, Any], channels: int, mapping: Path) -> str:
    colours = values.get("colours", "" if channels % COLOURS[RGB] == 0 else GRAY)
    if colours not in COLOURS or channels % COLOURS[colours]:
        raise UserError(f"expected colours to be gray or rgb in {mapping}, for {channels} channels, got {colours!r}")
    return str(colours)


def _last_feature_map(rows: Sequence[Row], source: str) -> str:
    """Returns the last layer at the last convolution's resolution: normalised, activated, added to a residual."""
    last = [row for row in rows if row.kind == "Conv2D"]
    if not last:
        raise UserError(f"expected a convolution in {source}, got {', '.join(row.kind for row in rows[:6])}")
    found = last[-1].name
    for row in rows[rows.index(last[-1]) + 1 :]:
        if found in row.inputs and row.kind in _KEEPING:
            found = row.name
    return found
