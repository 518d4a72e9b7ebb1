"""Grad-CAM++: cells with a positive gradient count, however small the part of the screen they fill."""

import tensorflow as tf

from xdrl.explainers.gradients import differentiate_feature_map, weighted_sum
from xdrl.explainers.maps import MapBatch
from xdrl.explainers.subjects import Subject


def grad_cam_plus_plus(subject: Subject) -> MapBatch:
    """Computes Grad-CAM++, on the cells of the feature map.

    With g = d score / d A^k: alpha = g^2 / (2 g^2 + g^3 sum over the cells of A^k) in each cell, the weight of a
    channel is the sum over its cells of alpha ReLU(g), and map = ReLU(sum over k of weight_k A^k).

    Source: Chattopadhay et al. 2018, eq. 10 and 19.
    """
    found = differentiate_feature_map(subject, subject.extract(subject.observation))
    gradients = found.gradients
    activity = tf.reduce_sum(found.feature_map, axis=(1, 2), keepdims=True)
    # Differs from the paper: the factor exp(score), which scales a screen's whole map, is left out, as it overflows.
    # Some code also makes the alphas of a channel add up to 1; where a gradient is negative they may add up to 0.
    weights = tf.math.divide_no_nan(tf.nn.relu(gradients), 2 + gradients * activity)
    return weighted_sum(found, tf.reduce_sum(weights, axis=(1, 2), keepdims=True))
