"""Score-CAM: each channel is weighed by what the network makes of the observation seen through it alone."""

from typing import Any

import tensorflow as tf

from xdrl.explainers.maps import MapBatch, describe
from xdrl.explainers.perturbations import measure_variants
from xdrl.explainers.subjects import Subject


def score_cam(subject: Subject) -> MapBatch:
    """Computes Score-CAM, on the cells of the feature map; it takes no gradient, but a forward pass a channel.

    weight_k = confidence in the target on (observation times H_k), where H_k is channel k stretched over the
    observation and scaled to [0, 1], and map = ReLU(sum over k of weight_k A^k). For an action the confidence is its
    probability, for a contrast the difference of two; a score that is no probability, such as a Q-value, is counted
    from that of a blank observation. `zero_gradient` where no channel has a weight.

    Source: Wang et al. 2020, eq. 4 to 7 and the section on normalising the score.
    """
    observation = subject.observation
    feature_map = subject.extract(observation)
    outputs = subject.decide(feature_map, observation)
    goal = subject.aim(outputs)
    blank = subject.run(tf.zeros_like(observation))
    activations = tf.cast(feature_map, tf.float32)

    def seen_through(channel: Any) -> Any:
        mask = tf.image.resize(tf.gather(activations, [channel], axis=-1), observation.shape[1:3])
        lowest, highest = (reduce(mask, axis=(1, 2), keepdims=True) for reduce in (tf.reduce_min, tf.reduce_max))
        return observation * tf.cast(tf.math.divide_no_nan(mask - lowest, highest - lowest), observation.dtype)

    weights = measure_variants(
        subject, activations.shape[-1], seen_through, lambda found: goal.confidence(found, blank)[:, None]
    )[..., 0]
    signed_maps = tf.einsum("nhwk,nk->nhw", activations, weights)
    return describe(signed_maps, tf.reduce_any(weights != 0, axis=1), outputs)
