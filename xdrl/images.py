"""What may stand where an array of images does: the path of a picture, or a picture of PIL's."""

import os
from typing import Any

import numpy as np
from PIL import Image, UnidentifiedImageError

from xdrl.errors import UserError


def read_images(images: Any, mode: str = "RGB") -> np.ndarray:
    """Returns images as an array.

    Args:
        images: the path of an image file, an image of PIL's, or anything that numpy makes an array of.
        mode: PIL's name of what a picture is converted to, such as `RGB` or `L`, which is grey.

    Returns:
        a picture as uint8 [H, W, C], all else as it came.

    Raises:
        UserError: the file is missing or no picture, or the images are of several shapes.
    """
    if isinstance(images, Image.Image):
        pixels = np.asarray(images.convert(mode))
        return pixels if pixels.ndim == 3 else pixels[..., None]
    if isinstance(images, str | os.PathLike):
        return _read_file(os.fspath(images), mode)
    try:
        return np.asarray(images)
    except ValueError as error:
        raise UserError(f"expected images of one shape, got {' '.join(str(error).split())}") from error


def as_batch(array: np.ndarray) -> np.ndarray:
    """Makes a single image, [H, W, C], a batch of one; all else stays as it is."""
    return array[None] if array.ndim == 3 else array


def _read_file(path: str, mode: str) -> np.ndarray:
    try:
        with Image.open(path) as picture:
            return read_images(picture, mode)
    except UnidentifiedImageError as error:
        raise UserError(f"expected an image file, got {path}, which is none") from error
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:  # PIL raises any of them
        reason = getattr(error, "strerror", None) or " ".join(str(error).split())
        raise UserError(f"expected an image file, got {path}: {reason}") from error
