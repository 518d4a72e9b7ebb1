"""Reads the weights out of a SavedModel, for which it takes TensorFlow."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import tensorflow as tf


def read_variables(version: Path, keys: Mapping[str, str]) -> dict[str, np.ndarray]:
    """Reads variables.

    Args:
        version: the SavedModel.
        keys: under which each variable is kept there.

    Returns:
        the arrays, by the names of `keys`.

    Raises:
        ValueError: they cannot be read.
    """
    try:
        reader = tf.train.load_checkpoint(str(version / "variables" / "variables"))
        return {name: reader.get_tensor(key) for name, key in keys.items()}
    except (tf.errors.OpError, RuntimeError) as error:
        raise ValueError(str(error)) from error
