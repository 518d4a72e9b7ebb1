"""Blur: how far the policy or the critic moves where a place of the observation is blurred."""

import tensorflow as tf

from xdrl.explainers.maps import MapBatch, describe
from xdrl.explainers.perturbations import measure_blurred_grid
from xdrl.explainers.subjects import Subject


def blur(subject: Subject) -> MapBatch:
    """Computes the movements, on the observation: a value a place of the grid.

    map = 1/2 |response(observation) - response(observation blurred at the place)|^2. The response is the paper's: all
    logits for the actor, which is what `chosen` asks for, and the value for the critic, `value`. For a named action or
    a contrast it is that target's score. It says that something matters, not in which direction: a map is `ok` or
    `zero_gradient`.

    Source: Greydanus et al. 2018, eq. 2 and 3.
    """
    outputs = subject.run(subject.observation)
    response = subject.aim(outputs).response
    moved = measure_blurred_grid(subject, response) - response(outputs)[:, None, None]
    distances = 0.5 * tf.reduce_sum(moved**2, -1)
    return describe(distances, tf.reduce_any(distances > 0, axis=(1, 2)), outputs)
