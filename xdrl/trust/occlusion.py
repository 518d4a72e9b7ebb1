"""Object occlusion: is the object that a map marks the one that the agent uses?"""

from typing import NamedTuple

import numpy as np

from xdrl.agents import Agent
from xdrl.objects.segmentation import Scene
from xdrl.trust.cells import Cells, cover_objects
from xdrl.trust.frames import Effects, Frames, measure_effects
from xdrl.trust.pointing import mass_shares
from xdrl.trust.similarity import rank_correlations


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
    indices, pixels, policies, values = [], [], [], []
    for index, step in enumerate(frames.steps):
        covered = cover_objects(scene, step, cells)
        seen = np.flatnonzero(covered.any(-1))
        if len(seen) < 2:
            continue
        masks = scene.labels[step] == (seen + 1)[:, None, None]
        painted = np.where(masks[..., None], scene.background, frames.screens[index])
        effects = measure_effects(agent, frames.repeated(np.full(len(seen), index)), painted)
        indices.append(np.full(len(seen), index))
        pixels.append(covered[seen])
        policies.append(effects.policy)
        values.append(effects.value)
    if not indices:
        nothing = np.zeros(0)
        return Occlusions(np.zeros(0, int), np.zeros((0, 0), int), Effects(nothing, nothing))
    effects = Effects(np.concatenate(policies), np.concatenate(values))
    return Occlusions(np.concatenate(indices), np.concatenate(pixels), effects)


def agreement(occlusions: Occlusions, maps: np.ndarray, areas: np.ndarray) -> Effects:
    """Correlates the objects' mass on the maps with what painting them over did.

    Args:
        occlusions: of M objects.
        maps: float [N, C], of the frames.
        areas: float [C].

    Returns:
        Spearman's rank correlation on each frame that has two objects: float64 [F]; 0 where all its objects count
        alike, as on a blank map.
    """
    policies, values = [], []
    for frame in np.unique(occlusions.frames):
        of_frame = occlusions.frames == frame
        masses = mass_shares(maps[frame][None], occlusions.pixels[of_frame][None], areas)
        policies.append(rank_correlations(masses, occlusions.effects.policy[of_frame][None])[0])
        values.append(rank_correlations(masses, occlusions.effects.value[of_frame][None])[0])
    return Effects(np.array(policies), np.array(values))
