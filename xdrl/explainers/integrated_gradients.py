"""Integrated gradients: how much each pixel adds to the score on the way from a blank observation."""

from typing import Any

import tensorflow as tf

from xdrl.explainers.gradients import mean_gradients
from xdrl.explainers.maps import MapBatch, describe
from xdrl.explainers.subjects import Subject

NUM_STEPS = 32
"""Points on the way, each in the middle of its step; the paper finds 20 to 300 enough."""


def integrated_gradients(subject: Subject) -> MapBatch:
    """Computes integrated gradients, on the observation, and keeps what adds to the score.

    Signed map = sum over channels of x times the mean of d score / d observation at points on the line from 0 to x.
    The signed map adds up to the score's difference between x and 0; the pixels that take away from it are left out.

    Source: Sundararajan et al. 2017, eq. 1 and 3; the baseline is the observation of zeros.
    """
    observation = subject.observation

    def on_the_way(index: Any) -> Any:
        return observation * ((tf.cast(index, observation.dtype) + 0.5) / NUM_STEPS)

    gradients, outputs = mean_gradients(subject, NUM_STEPS, on_the_way)
    signed_maps = tf.reduce_sum(tf.cast(observation, tf.float32) * gradients, -1)
    return describe(signed_maps, tf.reduce_any(signed_maps != 0, axis=(1, 2)), outputs)
