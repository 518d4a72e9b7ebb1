"""The part of a game's screen that stands still, as text that fits into a JSON file."""

import base64
import binascii
import zlib

import numpy as np

from xdrl.errors import UserError

SCREEN_SHAPE = (210, 160, 3)
"""A screen, RGB."""
LUMINANCE_SHAPE = (80, 80)
"""An observation: what agents of before screens were kept have as their background, in float16."""


def measure_background(screens: np.ndarray) -> np.ndarray:
    """Returns what stands still: at every pixel and colour the median, the lower one where there are two.

    Args:
        screens: uint8 [N, 210, 160, 3].

    Returns:
        uint8 [210, 160, 3], values that were there, so that a screen less its background is exactly 0 where nothing
        stands out.
    """
    return np.partition(screens, (len(screens) - 1) // 2, axis=0)[(len(screens) - 1) // 2]


def encode_background(screen: np.ndarray) -> str:
    """Writes a background, uint8 [210, 160, 3], as text: compressed, in base 64."""
    return base64.b64encode(zlib.compress(screen.astype(np.uint8).tobytes(), 9)).decode()


def decode_background(text: str) -> np.ndarray:
    """Reads what `encode_background` wrote, or the luminance that an older agent has.

    Returns:
        a screen, uint8 [210, 160, 3], zeros for an empty text; or the luminance of one, float32 [80, 80] in [0, 1].

    Raises:
        UserError: the text is something else.
    """
    if not text:
        return np.zeros(SCREEN_SHAPE, np.uint8)
    try:
        values = zlib.decompress(base64.b64decode(text, validate=True))
        if len(values) == np.prod(SCREEN_SHAPE):
            return np.frombuffer(values, np.uint8).reshape(SCREEN_SHAPE)
        return np.frombuffer(values, "<f2").reshape(LUMINANCE_SHAPE).astype(np.float32)
    except (binascii.Error, zlib.error, ValueError) as error:
        raise UserError(f"expected a background of 210 x 160 pixels, compressed, in base 64, got: {error}") from error
