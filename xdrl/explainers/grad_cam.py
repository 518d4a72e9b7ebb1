"""Grad-CAM on the last convolution: what on this screen spoke for the target."""

from typing import Any

import tensorflow as tf

from xdrl.explainers.gradients import differentiate_feature_map, weighted_sum
from xdrl.explainers.maps import MapBatch
from xdrl.explainers.subjects import Subject


def grad_cam(subject: Subject) -> MapBatch:
    """Computes Grad-CAM, on the cells of the feature map.

    alpha_k = mean over i, j of d score / d A_ij^k, and map = ReLU(sum over k of alpha_k A^k).

    Source: Selvaraju et al. 2017, eq. 1 and 2; Joo & Kim 2019, eq. 1 to 3.
    """
    return explain_feature_map(subject, subject.extract(subject.observation))


def explain_feature_map(subject: Subject, feature_map: Any) -> MapBatch:
    """Computes Grad-CAM from a feature map, float [N, h, w, K], that has been computed already."""
    found = differentiate_feature_map(subject, feature_map)
    return weighted_sum(found, tf.reduce_mean(found.gradients, axis=(1, 2), keepdims=True))
