"""LayerCAM: each cell is weighed by its own gradient where that is positive."""

import tensorflow as tf

from xdrl.explainers.gradients import differentiate_feature_map, weighted_sum
from xdrl.explainers.maps import MapBatch
from xdrl.explainers.subjects import Subject


def layer_cam(subject: Subject) -> MapBatch:
    """Computes LayerCAM, on the cells of the feature map: map = ReLU(sum over k of ReLU(d score / d A^k) A^k).

    Source: Jiang et al. 2021, eq. 6 to 8.
    """
    found = differentiate_feature_map(subject, subject.extract(subject.observation))
    return weighted_sum(found, tf.nn.relu(found.gradients))
