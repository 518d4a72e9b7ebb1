"""Weights out of a SavedModel's folder: its variables are read by their names, and nothing of its graph is loaded."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from google.protobuf.message import DecodeError
from tensorflow.core.protobuf.trackable_object_graph_pb2 import TrackableObjectGraph

from xdrl.errors import UserError
from xdrl.imports.keras_files import name_as_torch_does

VARIABLES, INDEX, NUMBERS = "variables", "variables.index", "variables.data-00000-of-00001"
MOST_INDEX_BYTES, MOST_BYTES = 16 << 20, 512 << 20
_OBJECTS = "_CHECKPOINTABLE_OBJECT_GRAPH"
_PARTS = ("kernel", "bias")
_DAMAGE = (tf.errors.OpError, RuntimeError, ValueError, DecodeError, MemoryError, LookupError)
"""What reading a damaged checkpoint raises."""


def read_saved_model(folder: Path, layers: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Reads the layers that a mapping names, as torch would have kept them: channels first, `weight` and `bias`.

    Args:
        folder: what `model.export`, `tf.saved_model.save` or Keras 2 wrote, and a `TFSMLayer` holds.
        layers: by our names, what the variables' names begin with: `dense` for `dense/kernel` and `dense/bias`.

    Raises:
        UserError: it is damaged, lies in other files, or a layer has no kernel and bias.
    """
    files = {name: folder / VARIABLES / name for name in (INDEX, NUMBERS)}
    for name, limit in ((INDEX, MOST_INDEX_BYTES), (NUMBERS, MOST_BYTES)):
        if files[name].is_symlink() or not files[name].is_file() or files[name].stat().st_size > limit:
            raise UserError(f"expected a file {VARIABLES}/{name} of at most {limit >> 20} MiB in {folder}, got none")
    try:
        found = _read_layers(folder / VARIABLES / VARIABLES)
    except _DAMAGE as error:
        words = " ".join(str(error).split())[:200]
        raise UserError(
            f"expected the variables of a SavedModel in {folder}, but they cannot be read: {words}"
        ) from error
    return name_as_torch_does(found, layers, folder.name)


def _read_layers(prefix: Path) -> dict[str, list[np.ndarray]]:
    """Reads kernels and biases by the name of their layer."""
    reader = tf.train.load_checkpoint(str(prefix))
    shapes, dtypes = reader.get_variable_to_shape_map(), reader.get_variable_to_dtype_map()
    objects = TrackableObjectGraph.FromString(reader.get_tensor(_OBJECTS))
    arrays: dict[str, dict[str, np.ndarray]] = {}
    left = MOST_BYTES
    for attribute in (attribute for node in objects.nodes for attribute in node.attributes):
        layer, _, part = attribute.full_name.rpartition("/")
        key = attribute.checkpoint_key
        if part not in _PARTS or part in arrays.get(layer, {}) or not dtypes[key].is_floating:
            continue
        left -= int(np.prod(shapes[key], dtype=np.float64)) * dtypes[key].size
        if left < 0:
            raise ValueError(f"more than {MOST_BYTES >> 20} MiB of variables")
        arrays.setdefault(layer, {})[part] = np.asarray(reader.get_tensor(key), np.float32)
    return {layer: [parts[part] for part in _PARTS if part in parts] for layer, parts in arrays.items()}
