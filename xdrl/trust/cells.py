"""Maps and pixels: which cell of a map a pixel of the screen belongs to, and what of a cell an object covers."""

from typing import NamedTuple

import numpy as np

from xdrl.agents import Agent, Explanation
from xdrl.games import Crop
from xdrl.preprocessing import SCREEN_HEIGHT, SCREEN_WIDTH, Box
from xdrl.trust.kinds import KINDS
from xdrl.trust.objects import Scene

ALL = "all"
"""Objects of every kind."""


class Cells(NamedTuple):
    """Where the cells of a map lie.

    A pixel that the agent sees belongs to the cell its centre is in, beyond the box to the nearest one: the cells at
    a map's border stand for what lies outside, too. The map of a cell is flat, row by row.

    Attributes:
        shape: (h, w) of the map.
        of_pixel: int32 [210, 160], the flat index of the cell; -1 where the agent does not see the pixel.
        areas: float64 [h * w], pixels of each cell.
    """

    shape: tuple[int, int]
    of_pixel: np.ndarray
    areas: np.ndarray


class Cover(NamedTuple):
    """How much of each cell objects cover.

    Attributes:
        by_object: for each of S screens int64 [objects, h * w], pixels.
        by_kind: int64 [S, h * w], pixels, for each kind that the episode shows, and for all objects together.
    """

    by_object: list[np.ndarray]
    by_kind: dict[str, np.ndarray]


def find_cells(agent: Agent, explanation: Explanation) -> Cells:
    """Places the cells of an explanation's maps on the screen."""
    height, width = explanation.maps.shape[1:]
    return place_cells((height, width), explanation.box, agent.network.config.crop)


def place_cells(shape: tuple[int, int], box: Box, crop: Crop) -> Cells:
    """Places the cells of a map on the screen.

    Args:
        shape: (h, w) of the map.
        box: that the map stands for.
        crop: what the agent sees.
    """
    rows = _indices(shape[0], box.top, box.bottom, SCREEN_HEIGHT)
    columns = _indices(shape[1], box.left, box.right, SCREEN_WIDTH)
    of_pixel = (rows[:, None] * shape[1] + columns[None]).astype(np.int32)
    of_pixel[: crop.top] = of_pixel[crop.bottom :] = -1
    areas = np.bincount(of_pixel[of_pixel >= 0], minlength=shape[0] * shape[1])
    return Cells(shape, of_pixel, areas.astype(float))


def cover_cells(scene: Scene, cells: Cells) -> Cover:
    """Counts the pixels of every object in every cell."""
    count, is_seen = len(cells.areas), cells.of_pixel >= 0
    seen = cells.of_pixel[is_seen]
    by_object = []
    for labels, objects in zip(scene.labels, scene.objects, strict=True):
        places = labels[is_seen].astype(np.int64) * count + seen
        counts = np.bincount(places, minlength=(len(objects) + 1) * count)
        by_object.append(counts.reshape(len(objects) + 1, count)[1:])
    kinds = sorted({item.kind for objects in scene.objects for item in objects}, key=KINDS.index)
    by_kind = {ALL: np.stack([pixels.sum(0) for pixels in by_object])}
    for kind in kinds:
        chosen = [np.array([item.kind == kind for item in objects], bool) for objects in scene.objects]
        by_kind[kind] = np.stack([pixels[of_kind].sum(0) for pixels, of_kind in zip(by_object, chosen, strict=True)])
    return Cover(by_object, by_kind)


def cell_means(values: np.ndarray, cells: Cells) -> np.ndarray:
    """Averages pixels over cells: float [N, 210, 160] to float64 [N, h * w]."""
    is_seen = cells.of_pixel >= 0
    seen = cells.of_pixel[is_seen]
    sums = [np.bincount(seen, weights=value[is_seen], minlength=len(cells.areas)) for value in values]
    return np.stack(sums) / np.maximum(cells.areas, 1)


def _indices(cells: int, start: float, end: float, size: int) -> np.ndarray:
    """The cell of each of a side's pixels."""
    positions = (np.arange(size) + 0.5 - start) / (end - start) * cells
    return np.clip(np.floor(positions), 0, cells - 1).astype(int)
