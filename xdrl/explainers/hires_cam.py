"""HiResCAM: each cell is weighed by its own gradient, so that the map shows where the score comes from."""

from xdrl.explainers.gradients import differentiate_feature_map, weighted_sum
from xdrl.explainers.maps import MapBatch
from xdrl.explainers.subjects import Subject


def hires_cam(subject: Subject) -> MapBatch:
    """Computes HiResCAM, on the cells of the feature map: map = ReLU(sum over k of d score / d A^k times A^k).

    Source: Draelos & Carin 2020, eq. 3; the ReLU is that of Grad-CAM.
    """
    found = differentiate_feature_map(subject, subject.extract(subject.observation))
    return weighted_sum(found, found.gradients)
