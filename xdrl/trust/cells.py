"""Maps and pixels: which cell of a map a pixel of the screen belongs to, and what of a cell an object covers."""

from typing import NamedTuple

import numpy as np

from xdrl.agents import Agent, Explanation
from xdrl.games import Crop
from xdrl.objects.kinds import KINDS
from xdrl.objects.segmentation import Scene
from xdrl.preprocessing import SCREEN_HEIGHT, SCREEN_WIDTH, Box

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


def find_cells(agent: Agent, explanation: Explanation) -> Cells:
    """Places the cells of an explanation's maps on the screen."""
    height, width = explanation.maps.shape[1:]
    return place_cells((height, width), explanation.box, agent.network.crop)


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


def cover_objects(scene: Scene, step: int, cells: Cells) -> np.ndarray:
    """Counts the pixels of every object of a step in every cell.

    Returns:
        int32 [objects, h * w].
    """
    count, is_seen = len(cells.areas), cells.of_pixel >= 0
    places = scene.labels[step][is_seen].astype(np.int64) * count + cells.of_pixel[is_seen]
    num_objects = len(scene.objects[step])
    counts = np.bincount(places, minlength=(num_objects + 1) * count)
    return counts.reshape(num_objects + 1, count)[1:].astype(np.int32)


def cover_kinds(scene: Scene, cells: Cells) -> dict[str, np.ndarray]:
    """Counts the pixels of all objects in every cell, and of each kind that the episode shows.

    Returns:
        int32 [S, h * w] by kind, `all` first.
    """
    kinds = sorted({item.kind for objects in scene.objects for item in objects}, key=KINDS.index)
    found = {kind: np.zeros((len(scene.objects), len(cells.areas)), np.int32) for kind in (ALL, *kinds)}
    for step, objects in enumerate(scene.objects):
        pixels = cover_objects(scene, step, cells)
        found[ALL][step] = pixels.sum(0)
        for kind in kinds:
            found[kind][step] = pixels[[item.kind == kind for item in objects]].sum(0) if objects else 0
    return found


def find_empty(screens: np.ndarray, background: np.ndarray, cells: Cells) -> np.ndarray:
    """Says which cells show nothing but the background: uint8 [S, 210, 160, 3] and [210, 160, 3] to bool [S, h * w]."""
    is_seen = cells.of_pixel >= 0
    differs = (screens[:, is_seen] != background[is_seen]).any(-1)
    seen, count = cells.of_pixel[is_seen], len(cells.areas)
    return np.stack([np.bincount(seen[step], minlength=count) == 0 for step in differs])


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
