"""Eigen-CAM: what the channels of the feature map have most in common, whatever the target."""

import tensorflow as tf

from xdrl.explainers.maps import MapBatch, describe
from xdrl.explainers.subjects import Subject


def eigen_cam(subject: Subject) -> MapBatch:
    """Computes Eigen-CAM, on the cells of the feature map; it takes no gradient and is the same for all targets.

    The feature map as a matrix of cells by channels is projected on its first right singular vector. A singular
    vector has no sign of its own: it is given the one with which the map agrees with the sum of the channels, so that
    it is positive where the activations are. A blank map, of a feature map of zeros, is a `zero_gradient`.

    Source: Muhammad & Yeasin 2020, eq. 3.
    """
    feature_map = subject.extract(subject.observation)
    outputs = subject.decide(feature_map, subject.observation)
    activations = tf.cast(feature_map, tf.float32)
    # A decomposition dies of what is not finite; the cells that are not stay so in the map.
    known = tf.where(tf.math.is_finite(activations), activations, 0)
    # The right singular vectors of A are the eigenvectors of A^T A, the eigenvalues in rising order.
    _, vectors = tf.linalg.eigh(tf.einsum("nhwk,nhwl->nkl", known, known))
    projected = tf.einsum("nhwk,nk->nhw", activations, vectors[..., -1])
    agreement = tf.reduce_sum(projected * tf.reduce_sum(activations, -1), axis=(1, 2), keepdims=True)
    signed_maps = tf.where(agreement < 0, -projected, projected)
    return describe(signed_maps, tf.reduce_any(activations != 0, axis=(1, 2, 3)), outputs)
