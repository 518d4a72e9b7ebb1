"""Grad-CAM on the last convolution: what on this screen spoke for the target."""

from typing import Any, NamedTuple

import tensorflow as tf

from xdrl.explainers.targets import Weigh
from xdrl.networks import Network

OK, ALL_NEGATIVE, ZERO_GRADIENT = "ok", "all_negative", "zero_gradient"
SINGLE_SCREEN_FLOOR = 1e-6
"""Peaks below this are not blown up to full strength, where a single screen is all there is."""


class ActivationMap(NamedTuple):
    """A batch of class activation maps, and the decision they belong to.

    Attributes:
        maps: float32 [N, h, w], not negative and not normalised.
        peaks: float32 [N], the largest value of each map.
        statuses: string [N]: `ok`, `all_negative` (all that was seen speaks against the target) or `zero_gradient`
            (nothing that was seen matters to it); the map is blank in both.
        logits: float32 [N, A].
        values: float32 [N].
        next_h: float32 [N, H].
        next_c: float32 [N, H].
    """

    maps: Any
    peaks: Any
    statuses: Any
    logits: Any
    values: Any
    next_h: Any
    next_c: Any


def grad_cam(network: Network, screens: Any, state_h: Any, state_c: Any, weigh: Weigh) -> ActivationMap:
    """Computes Grad-CAM; the core state is held fixed, so the map is about this screen.

    alpha_k = mean over i, j of d score / d A_ij^k, and map = ReLU(sum over k of alpha_k A^k).

    Args:
        network: whose decision is explained.
        screens: uint8 [N, 210, 160, 3].
        state_h, state_c: float32 [N, H].
        weigh: the target.

    Returns:
        the maps on the cells of the last convolution.

    Source: Selvaraju et al. 2017, eq. 1 and 2; Joo & Kim 2019, eq. 1 to 3.
    """
    return explain_feature_map(network, network.torso(screens), state_h, state_c, weigh)


def explain_feature_map(network: Network, feature_map: Any, state_h: Any, state_c: Any, weigh: Weigh) -> ActivationMap:
    """Computes Grad-CAM from a feature map, float32 [N, h, w, K], that has been computed already."""
    with tf.GradientTape() as tape:
        tape.watch(feature_map)
        logits, values, next_h, next_c = network.decide([feature_map, state_h, state_c])
        logit_weights, value_weights = (tf.stop_gradient(weights) for weights in weigh(logits, values))
        scores = tf.reduce_sum(logit_weights * logits, -1) + value_weights * values
    gradients = tape.gradient(scores, feature_map)
    channel_weights = tf.reduce_mean(gradients, axis=(1, 2), keepdims=True)
    maps = tf.nn.relu(tf.reduce_sum(channel_weights * feature_map, -1))
    peaks = tf.reduce_max(maps, axis=(1, 2))
    has_gradient = tf.reduce_any(gradients != 0, axis=(1, 2, 3))
    statuses = tf.where(peaks > 0, OK, tf.where(has_gradient, ALL_NEGATIVE, ZERO_GRADIENT))
    return ActivationMap(maps, peaks, statuses, logits, values, next_h, next_c)


def normalise(maps: Any, peaks: Any, floor: Any = SINGLE_SCREEN_FLOOR) -> Any:
    """Scales each map to [0, 1] by its peak, but never by less than the floor: a blank map stays blank.

    Args:
        maps: float32 [N, h, w].
        peaks: float32 [N].
        floor: 1e-6 for single screens, a thousandth of the episode's peak where there is an episode.
    """
    return maps / tf.maximum(peaks, floor)[:, None, None]
