"""Maps of objects: on the pixels of each how much it matters, and why a map is blank."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import ndimage

from xdrl.explainers.maps import ALL_NEGATIVE, NOT_FINITE, OK, ZERO_GRADIENT
from xdrl.objects.effects import ScreenObjects
from xdrl.targets import Target

NO_OBJECTS = "no_objects"
"""The status of a map on a screen that shows no objects."""


HALO_PIXELS = 2
"""Around an object, in pixels of the screen, that are drawn like it."""


class Strengths(NamedTuple):
    """How much the objects on N screens matter to a target.

    Attributes:
        values: float32 [M] of each screen, not negative: 0 for what speaks against the target.
        peaks: float32 [N], the largest of each screen.
        statuses: N of them, as every method's, or `no_objects`.
    """

    values: list[np.ndarray]
    peaks: np.ndarray
    statuses: list[str]


def find_strengths(found: Sequence[ScreenObjects], target: Target) -> Strengths:
    """Says how much the objects on screens matter to a target, as `ScreenObjects.strengths` does."""
    signed = [item.strengths(target) for item in found]
    statuses = [_status(each) for each in signed]
    values = [
        np.maximum(each, 0).astype(np.float32) if status == OK else np.zeros(len(each), np.float32)
        for each, status in zip(signed, statuses, strict=True)
    ]
    peaks = np.array([each.max(initial=0) for each in values], np.float32)
    return Strengths(values, peaks, statuses)


def paint_strengths(found: Sequence[ScreenObjects], values: Sequence[np.ndarray], rows: slice) -> np.ndarray:
    """Paints how much each object matters on its pixels.

    Args:
        found: of N screens.
        values: float32 [M] of each of them.
        rows: of the screen.

    Returns:
        float32 [N, rows, 160].
    """
    tables = [np.append(np.float32(0), each) for each in values]
    return np.stack([table[item.labels[rows]] for table, item in zip(tables, found, strict=True)])


def with_halos(maps: np.ndarray, labels: Sequence[np.ndarray]) -> np.ndarray:
    """Returns maps of objects as they are drawn: with a halo, since a shot two pixels wide would hardly be seen.

    Args:
        maps: float32 [N, h, w].
        labels: uint8 [h, w], of each.
    """
    drawn = np.empty_like(maps)
    for each, numbers, own in zip(drawn, labels, maps, strict=True):
        table = np.zeros(256, np.float32)
        table[numbers] = own
        each[:] = table[grow(numbers)]
    return drawn


def grow(labels: np.ndarray) -> np.ndarray:
    """Grows the objects of a screen into what is empty around them; of two the one that matters more goes first.

    Args:
        labels: uint8 [h, w], smaller for what matters more, 0 for nothing.
    """
    inverse = np.where(labels > 0, 255 - labels, 0).astype(np.uint8)
    around = ndimage.grey_dilation(inverse, (2 * HALO_PIXELS + 1,) * 2)
    return np.where(labels > 0, labels, np.where(around > 0, 255 - around, 0)).astype(np.uint8)


def _status(signed: np.ndarray) -> str:
    if not len(signed):
        return NO_OBJECTS
    if not np.isfinite(signed).all():
        return NOT_FINITE
    return OK if signed.max() > 0 else ALL_NEGATIVE if signed.min() < 0 else ZERO_GRADIENT
