"""Weights out of a `.keras` file: of the archive only the numbers are read; the model in it is not built."""

import io
import zipfile
from collections.abc import Iterator, Mapping
from typing import Any

import h5py
import numpy as np

from xdrl.errors import UserError
from xdrl.imports.archives import read_member

WEIGHTS = "model.weights.h5"
MOST_BYTES, MOST_LAYERS = 512 << 20, 512
_CELLS, _CHANNELS = 7, 64
"""Of the feature map that the layer `hidden` has flattened."""
_DAMAGE = (OSError, KeyError, ValueError, TypeError, RuntimeError, AttributeError)
"""What reading a damaged file raises."""


def read_keras_file(archive: zipfile.ZipFile, layers: Mapping[str, Any], source: str) -> dict[str, np.ndarray]:
    """Reads the layers that a mapping names, as torch would have kept them: channels first, `weight` and `bias`.

    Args:
        archive: what `keras.Model.save` wrote.
        layers: by our names, those of the model's layers.
        source: its name, for what is said.

    Raises:
        UserError: it is damaged, or a layer has no kernel and bias.
    """
    return name_as_torch_does(read_layers(archive, source), layers, source)


def read_layers(archive: zipfile.ZipFile, source: str) -> dict[str, list[np.ndarray]]:
    """Reads the arrays of every layer, in their order, float32; arguments and errors as in `read_keras_file`."""
    content = read_member(archive, WEIGHTS, MOST_BYTES)
    try:
        with h5py.File(io.BytesIO(content), "r") as file:
            return dict(_layers(file))
    except _DAMAGE as error:
        raise UserError(f"expected weights of Keras in {source}, {WEIGHTS}, got {error}") from error


def name_as_torch_does(
    found: Mapping[str, list[np.ndarray]], layers: Mapping[str, Any], source: str
) -> dict[str, np.ndarray]:
    """Turns the arrays of Keras' layers into tensors as torch has them.

    Args:
        found: kernel and bias of each layer.
        layers: by our names, those of the model's layers.
        source: name of the file, for what is said.

    Raises:
        UserError: a layer is not there, or has no kernel and bias.
    """
    tensors: dict[str, np.ndarray] = {}
    for ours, theirs in layers.items():
        if theirs not in found:
            raise UserError(f"expected a layer {theirs} in {source}, got {', '.join(list(found)[:12]) or 'none'}")
        if len(found[theirs]) != 2:
            raise UserError(f"expected a kernel and a bias of {theirs} in {source}, got {len(found[theirs])} arrays")
        kernel, bias = found[theirs]
        tensors |= {f"{theirs}.weight": _as_torch_has_it(ours, kernel), f"{theirs}.bias": bias}
    return tensors


def _layers(file: h5py.File) -> Iterator[tuple[str, list[np.ndarray]]]:
    """Yields the layers that have weights: their name, and their arrays in order."""
    groups = _member(file, "layers")
    left = MOST_BYTES
    for name in list(groups)[:MOST_LAYERS]:
        variables = _member(_member(groups, name), "vars")
        arrays = []
        for index in range(len(variables)):
            dataset = _member(variables, str(index))
            is_plain = isinstance(dataset, h5py.Dataset) and dataset.dtype.kind == "f" and not dataset.is_virtual
            left -= dataset.size * dataset.dtype.itemsize if is_plain else 0
            if not is_plain or dataset.external or left < 0:
                raise ValueError(f"an array of {name} that is none, too large, or lies in another file")
            arrays.append(np.asarray(dataset[()], np.float32))
        if arrays:
            yield str(variables.attrs.get("name", name)), arrays


def _member(group: Any, name: str) -> Any:
    """Opens what lies in a group; what a link leads to elsewhere, in another file above all, is not opened."""
    if not isinstance(group, h5py.Group) or not isinstance(group.get(name, getlink=True), h5py.HardLink):
        raise ValueError(f"no {name} where one belongs")
    return group[name]


def _as_torch_has_it(layer: str, kernel: np.ndarray) -> np.ndarray:
    if kernel.ndim == 4:
        return kernel.transpose(3, 2, 0, 1)
    if layer == "hidden" and kernel.ndim == 2 and len(kernel) == _CELLS * _CELLS * _CHANNELS:
        return kernel.reshape(_CELLS, _CELLS, _CHANNELS, -1).transpose(3, 2, 0, 1).reshape(-1, len(kernel))
    return kernel.T
