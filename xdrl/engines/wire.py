"""What weights and gradients are between processes: float32 arrays, or half of their bytes as bfloat16."""

from collections.abc import Sequence
from typing import Any

import ml_dtypes
import numpy as np
from keras import ops


def encode(tensors: Sequence[Any], dtype: str) -> list[np.ndarray]:
    """Turns tensors into arrays to send.

    Args:
        tensors: float32, of any backend.
        dtype: `float32`, or `bfloat16`, which rounds to the nearest.

    Returns:
        float32 arrays, or uint16 ones that hold bfloat16: what sends them then needs to know no such type.
    """
    arrays = [ops.convert_to_numpy(tensor) for tensor in tensors]
    if dtype == "float32":
        return arrays
    return [array.astype(ml_dtypes.bfloat16).view(np.uint16) for array in arrays]


def decode(arrays: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Turns arrays that came back into float32 ones."""
    return [
        array if array.dtype == np.float32 else array.view(ml_dtypes.bfloat16).astype(np.float32) for array in arrays
    ]


def count_bytes(arrays: Sequence[np.ndarray]) -> int:
    """Counts what goes over the wire."""
    return sum(array.nbytes for array in arrays)
