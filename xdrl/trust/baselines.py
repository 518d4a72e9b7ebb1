"""Maps that know nothing of the trained agent's decision: what a heatmap has to be better than."""

import numpy as np

from xdrl.preprocessing import LUMINANCE_WEIGHTS
from xdrl.trust.cells import Cells, cell_means

RANDOM, TIME_MEAN, MOTION, UNTRAINED, OTHER_FRAME = "random", "time-mean", "motion", "untrained", "other-frame"
ALL_OBJECTS, CHANCE = "all-objects", "chance"
BASELINES = {
    UNTRAINED: "an untrained network's map",
    TIME_MEAN: "the episode's mean map",
    RANDOM: "a random map",
    MOTION: "a map of what moves",
    ALL_OBJECTS: "a map of all objects alike",
    OTHER_FRAME: "the map of another frame",
}
"""In words."""
DECISIVE = (UNTRAINED, TIME_MEAN)
"""What a claim has to beat, besides chance, in order to hold."""
HARD = (*DECISIVE, MOTION, ALL_OBJECTS)
"""What a map has to beat, besides chance, that is to say which of the objects count."""


def random_maps(num_maps: int, num_cells: int, generator: np.random.Generator) -> np.ndarray:
    """Draws maps, float64 [S, C], in which no cell is preferred."""
    return generator.random((num_maps, num_cells))


def time_mean_maps(maps: np.ndarray) -> np.ndarray:
    """Returns for every step the mean of an episode's other maps, each counted alike: float [S, C] to the same.

    The step's own map is left out: of few steps it would be a good part of the mean, and hard to be above.
    """
    masses = maps.sum(-1, keepdims=True)
    shares = np.divide(maps, masses, out=np.zeros(maps.shape), where=masses > 0)
    return (shares.sum(0) - shares) / max(len(maps) - 1, 1)


def motion_maps(screens: np.ndarray, cells: Cells) -> np.ndarray:
    """Returns how much the luminance changed since the screen before.

    Args:
        screens: uint8 [S, 210, 160, 3].
        cells: of the maps.

    Returns:
        float64 [S, C]; the first screen is held against the one after it.
    """
    maps = np.zeros((len(screens), len(cells.areas)))
    before = _luminance(screens[min(1, len(screens) - 1)])
    for step, screen in enumerate(screens):
        now = _luminance(screen)
        maps[step] = cell_means(np.abs(now - before)[None], cells)[0]
        before = now
    return maps


def object_maps(pixels: np.ndarray, cells: Cells) -> np.ndarray:
    """Marks every object alike, wherever there is one, as who knows no network would.

    Args:
        pixels: integer [S, C], of objects in each cell.
        cells: of the maps.

    Returns:
        float64 [S, C], the share of each cell that is objects.
    """
    return pixels / np.maximum(cells.areas, 1)


def other_frame_maps(maps: np.ndarray) -> np.ndarray:
    """Returns for every step the map of the step half an episode away: float [S, C] to the same."""
    return np.roll(maps, len(maps) // 2, axis=0)


def _luminance(screen: np.ndarray) -> np.ndarray:
    return screen @ np.array(LUMINANCE_WEIGHTS, np.float32)
