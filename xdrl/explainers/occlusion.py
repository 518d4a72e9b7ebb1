"""Occlusion: how far the score drops where a patch of the observation is painted over."""

import tensorflow as tf

from xdrl.explainers.maps import MapBatch, describe
from xdrl.explainers.perturbations import measure_grid, patches
from xdrl.explainers.subjects import Subject


def occlusion(subject: Subject) -> MapBatch:
    """Computes the drops, on the observation: a value a patch, and the patches tile it.

    map = ReLU(score(observation) - score(observation with 0 in the patch)), where 0 is the mean pixel of the game.

    Source: Zeiler & Fergus 2014, section 4.2, with the score in place of the probability.
    """
    outputs = subject.run(subject.observation)
    score = subject.aim(outputs).score
    occluded = measure_grid(subject, 0, patches, lambda found: score(found)[:, None])[..., 0]
    drops = score(outputs)[:, None, None] - occluded
    return describe(drops, tf.reduce_any(drops != 0, axis=(1, 2)), outputs)
