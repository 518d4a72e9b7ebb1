"""Weights that take half the room where they are compressed: in git, in wheels, in archives."""

import numpy as np

MANTISSA_BITS = 8
"""Of float32's 23: the rest is 0, and compresses to nothing. Decisions stay the same (docs/learning.md)."""


def round_weights(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Rounds float32 arrays to the nearest number with a short mantissa, to the even one of two; again changes nothing.

    The exponent keeps its range, unlike float16's, and whoever reads them finds float32 as before.
    """
    return {path: _round(np.ascontiguousarray(array, np.float32)) for path, array in arrays.items()}


def _round(array: np.ndarray) -> np.ndarray:
    bits, dropped = array.view(np.uint32), 23 - MANTISSA_BITS
    half = np.uint32((1 << (dropped - 1)) - 1) + ((bits >> dropped) & 1)
    kept = np.uint32(0xFFFFFFFF << dropped & 0xFFFFFFFF)
    return ((bits + half) & kept).view(np.float32)
