"""Deletion and insertion: what a map marks first should matter most (Petsiuk et al. 2018, on policy and value)."""

from typing import NamedTuple

import numpy as np
from scipy import ndimage

from xdrl.agents import Agent
from xdrl.trust.cells import Cells
from xdrl.trust.frames import Effects, Frames, measure_effects
from xdrl.trust.records import OWN, REMOVAL, Key

SHARES = (0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75)
"""Of the cells that are painted over; closer together where the first objects go."""
BLUR_PIXELS = 8.0
"""Deviation of the Gaussian: half a cell of the network's last convolution, more than any ball or shot."""
BACKGROUND, BLUR = "background", "blur"
FILLS = (BACKGROUND, BLUR)
DELETION, INSERTION = "deletion", "insertion"


class Areas(NamedTuple):
    """Areas under the curves of N frames, of the share of cells against the change that painting over made.

    Attributes:
        deletion: the more, the sooner what matters was deleted.
        insertion: the less, the sooner what matters was back.
    """

    deletion: Effects
    insertion: Effects


def make_fill(name: str, frames: Frames, background: np.ndarray) -> np.ndarray:
    """Returns what screens are painted over with, uint8 [N, 210, 160, 3].

    Args:
        name: `background`, the episode's, or `blur`, the screens themselves.
        frames: whose screens are painted over.
        background: uint8 [210, 160, 3].
    """
    if name == BACKGROUND:
        return np.broadcast_to(background, frames.screens.shape)
    sigmas = (BLUR_PIXELS, BLUR_PIXELS, 0)
    return np.stack([ndimage.gaussian_filter(screen, sigmas, output=np.uint8) for screen in frames.screens])


def delete_and_insert(
    agent: Agent, frames: Frames, fill: np.ndarray, maps: np.ndarray, cells: Cells, generator: np.random.Generator
) -> Areas:
    """Paints cells over from the strongest on, and back in the same order onto a painted screen.

    Args:
        agent: that looks.
        frames: N of them.
        fill: uint8 [N, 210, 160, 3].
        maps: float [N, C].
        cells: of the maps.
        generator: which of equally strong cells comes first.
    """
    firsts = _first_cells(maps, generator)
    nothing, everything = _ends(agent, frames, fill, cells)
    deletions = [_paint(agent, frames, fill, is_first, cells) for is_first in firsts]
    insertions = [_paint(agent, frames, fill, ~is_first, cells) for is_first in firsts]
    return Areas(_area([nothing, *deletions, everything]), _area([everything, *insertions, nothing]))


def delete(
    agent: Agent, frames: Frames, fill: np.ndarray, maps: np.ndarray, cells: Cells, generator: np.random.Generator
) -> Effects:
    """Paints cells over from the strongest on, alone; arguments as in `delete_and_insert`.

    Returns:
        the areas under the curves.
    """
    nothing, everything = _ends(agent, frames, fill, cells)
    deletions = [_paint(agent, frames, fill, is_first, cells) for is_first in _first_cells(maps, generator)]
    return _area([nothing, *deletions, everything])


def ratio(areas: Effects, chance: Effects, output: str) -> float:
    """Divides N frames' areas by a random map's; NaN where painting over what it marks changes nothing.

    Args:
        areas, chance: of the map, and of the random one.
        output: whose change is meant, a field of `Effects`.
    """
    total = getattr(chance, output).sum()
    return float(getattr(areas, output).sum() / total) if total > 0 else float("nan")


def surplus_key(output: str, source: str = OWN) -> Key:
    """Names how much more of an output changes, in its unit, than where a random map's cells are painted over."""
    return Key(REMOVAL, f"{DELETION} - chance, {output}", BACKGROUND, source)


def rank_cells(maps: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Numbers each map's cells from the strongest, 0, on; float [N, C] to int64 [N, C]."""
    order = np.lexsort((generator.random(maps.shape), -maps), axis=-1)
    ranks = np.empty_like(order)
    np.put_along_axis(ranks, order, np.arange(maps.shape[-1])[None], axis=-1)
    return ranks


def _first_cells(maps: np.ndarray, generator: np.random.Generator) -> list[np.ndarray]:
    """The strongest cells of each of `SHARES`, bool [N, C]."""
    ranks = rank_cells(maps, generator)
    return [ranks < max(round(share * maps.shape[-1]), 1) for share in SHARES]


def _ends(agent: Agent, frames: Frames, fill: np.ndarray, cells: Cells) -> tuple[Effects, Effects]:
    """What painting over nothing and everything does."""
    is_all = np.ones((len(frames.steps), len(cells.areas)), bool)
    nothing = Effects(*(np.zeros(len(frames.steps)) for _ in Effects._fields))
    return nothing, _paint(agent, frames, fill, is_all, cells)


def _paint(agent: Agent, frames: Frames, fill: np.ndarray, is_painted: np.ndarray, cells: Cells) -> Effects:
    masks = is_painted[:, np.maximum(cells.of_pixel, 0)] & (cells.of_pixel >= 0)
    return measure_effects(agent, frames, np.where(masks[..., None], fill, frames.screens))


def _area(curve: list[Effects]) -> Effects:
    shares = np.array([0.0, *SHARES, 1.0])
    return Effects(*(np.trapezoid(np.stack(values, -1), shares, axis=-1) for values in zip(*curve, strict=True)))
