"""The part of a game's screen that stands still, as text that fits into a JSON file."""

import base64
import binascii
import zlib

import numpy as np

from xdrl.errors import UserError

BACKGROUND_SIZE = 80
"""Pixels down and across: those of an observation."""


def encode_background(luminance: np.ndarray) -> str:
    """Writes a background as text.

    Args:
        luminance: float [80, 80], in [0, 1].

    Returns:
        its float16 values, compressed, in base 64.
    """
    return base64.b64encode(zlib.compress(luminance.astype("<f2").tobytes(), 9)).decode()


def decode_background(text: str) -> np.ndarray:
    """Reads what `encode_background` wrote.

    Returns:
        float32 [80, 80]; zeros for an empty text.

    Raises:
        UserError: the text is something else.
    """
    shape = (BACKGROUND_SIZE, BACKGROUND_SIZE)
    if not text:
        return np.zeros(shape, np.float32)
    try:
        values = np.frombuffer(zlib.decompress(base64.b64decode(text, validate=True)), "<f2")
        return values.reshape(shape).astype(np.float32)
    except (binascii.Error, zlib.error, ValueError) as error:
        raise UserError(f"expected a background of 80 x 80 pixels, compressed, in base 64, got: {error}") from error
