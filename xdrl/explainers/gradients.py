"""Gradients of a target's score: by the feature map for the CAM methods, by the observation for the pixel methods."""

from collections.abc import Callable
from typing import Any, NamedTuple

import tensorflow as tf

from xdrl.explainers.maps import MapBatch, describe
from xdrl.explainers.subjects import PARALLEL_PASSES, Goal, Subject


class Differentiated(NamedTuple):
    """A decision and the gradient of its score.

    Attributes:
        feature_map: float32 [N, h, w, K], A.
        gradients: float32 [N, h, w, K], d score / d A.
        outputs: of the decision.
    """

    feature_map: Any
    gradients: Any
    outputs: Any


def differentiate_feature_map(subject: Subject, feature_map: Any) -> Differentiated:
    """Takes the gradient of the target's score by a feature map, float [N, h, w, K]."""
    with tf.GradientTape() as tape:
        tape.watch(feature_map)
        outputs = subject.decide(feature_map, subject.observation)
        score = subject.aim(outputs).score(outputs)
    gradients = tape.gradient(score, feature_map, unconnected_gradients=tf.UnconnectedGradients.ZERO)
    return Differentiated(tf.cast(feature_map, tf.float32), tf.cast(gradients, tf.float32), outputs)


def weighted_sum(found: Differentiated, weights: Any) -> MapBatch:
    """Adds up the channels by their weights, [N, 1, 1, K] or [N, h, w, K], and keeps what is positive."""
    has_effect = tf.reduce_any(found.gradients != 0, axis=(1, 2, 3))
    return describe(tf.reduce_sum(weights * found.feature_map, -1), has_effect, found.outputs)


def differentiate_observation(subject: Subject, observation: Any, aim: Callable[[Any], Goal]) -> tuple[Any, Any]:
    """Takes the gradient of a score by an observation like the subject's own.

    The observation is what lies behind the preprocessing: a screen of whole numbers has no gradient.

    Args:
        subject: whose layers are passed.
        observation: float [N, H, W, C].
        aim: outputs to the goal whose score it is.

    Returns:
        the gradients, float32 [N, H, W, C], and the outputs.
    """
    with tf.GradientTape() as tape:
        tape.watch(observation)
        outputs = subject.run(observation)
        score = aim(outputs).score(outputs)
    gradients = tape.gradient(score, observation, unconnected_gradients=tf.UnconnectedGradients.ZERO)
    return tf.cast(gradients, tf.float32), outputs


def mean_gradients(subject: Subject, num_points: int, point: Callable[[Any], Any]) -> tuple[Any, Any]:
    """Averages the gradients of the score by the observation over several points, one after the other.

    Args:
        subject: whose target is fixed at its own observation.
        num_points: M.
        point: index below M to an observation, float [N, H, W, C].

    Returns:
        the mean, float32 [N, H, W, C], and the outputs at the subject's own observation.
    """
    outputs = subject.run(subject.observation)
    goal = subject.aim(outputs)
    total = tf.foldl(
        lambda total, index: total + differentiate_observation(subject, point(index), lambda _: goal)[0],
        tf.range(num_points),
        initializer=tf.zeros_like(subject.observation, tf.float32),
        parallel_iterations=PARALLEL_PASSES,
    )
    return total / num_points, outputs


def pixel_map(gradients: Any, outputs: Any) -> MapBatch:
    """Takes the largest absolute gradient of a pixel's channels, float32 [N, H, W, C]."""
    sizes = tf.reduce_max(tf.abs(gradients), -1)
    return describe(sizes, tf.reduce_any(sizes > 0, axis=(1, 2)), outputs)
