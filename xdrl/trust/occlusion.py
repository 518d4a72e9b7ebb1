"""Object occlusion: is the object that a map marks the one that the agent uses?"""

from typing import NamedTuple

import numpy as np

from xdrl.agents import Agent
from xdrl.objects.segmentation import Scene
from xdrl.trust.cells import Cells, cover_objects
from xdrl.trust.frames import Effects, Frames, measure_effects
from xdrl.trust.pointing import mass_shares
from xdrl.trust.similarity import rank_correlations

LEAST_DIFFERENCE = 1e-6
"""Between the effects of two objects, in nats or units of the values: what is below is rounding, and no order."""


class Occlusions(NamedTuple):
    """What painting over each object did.

    Attributes:
        frames: int64 [M], index of the frame that each of M objects is on.
        pixels: int32 [M, C], of the object in each cell.
        effects: of M objects.
    """

    frames: np.ndarray
    pixels: np.ndarray
    effects: Effects


def occlude_objects(agent: Agent, frames: Frames, scene: Scene, cells: Cells) -> Occlusions:
    """Paints each object over with the background behind it, one at a time.

    Objects of which the agent sees nothing are left out, and so are frames with fewer than two: they have no order.
    """
    indices, pixels, found = [], [], []
    for index, step in enumerate(frames.steps):
        covered = cover_objects(scene, step, cells)
        seen = np.flatnonzero(covered.any(-1))
        if len(seen) < 2:
            continue
        masks = scene.labels[step] == (seen + 1)[:, None, None]
        painted = np.where(masks[..., None], scene.background, frames.screens[index])
        indices.append(np.full(len(seen), index))
        pixels.append(covered[seen])
        found.append(measure_effects(agent, frames.repeated(indices[-1]), painted))
    if not indices:
        return Occlusions(np.zeros(0, int), np.zeros((0, 0), int), Effects(*(np.zeros(0) for _ in Effects._fields)))
    effects = Effects(*map(np.concatenate, zip(*found, strict=True)))
    return Occlusions(np.concatenate(indices), np.concatenate(pixels), effects)


def agreement(occlusions: Occlusions, maps: np.ndarray, areas: np.ndarray) -> Effects:
    """Correlates the objects' mass on the maps with what painting them over did.

    Args:
        occlusions: of M objects.
        maps: float [N, C], of the frames.
        areas: float [C].

    Returns:
        Spearman's rank correlation on each frame that has two objects of which one counts more: float64 [F], another F
        for each output; 0 where the map has no order, as a blank one.
    """
    found: list[list[float]] = [[] for _ in Effects._fields]
    for frame in np.unique(occlusions.frames):
        of_frame = occlusions.frames == frame
        masses = mass_shares(maps[frame][None], occlusions.pixels[of_frame][None], areas)
        for correlations, effects in zip(found, occlusions.effects, strict=True):
            if np.ptp(effects[of_frame]) > LEAST_DIFFERENCE:
                correlations.append(rank_correlations(masses, effects[of_frame][None])[0])
    return Effects(*map(np.array, found))


def mean_agreement(found: Effects, output: str) -> float:
    """Returns the mean of `agreement` of an output, a field of `Effects`; NaN where no frame has two objects."""
    correlations = getattr(found, output)
    return float(correlations.mean()) if len(correlations) else float("nan")
