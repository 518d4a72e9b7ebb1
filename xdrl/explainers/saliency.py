"""Saliency: how strongly the score answers to each pixel of the observation."""

from xdrl.explainers.gradients import differentiate_observation, pixel_map
from xdrl.explainers.maps import MapBatch
from xdrl.explainers.subjects import Subject


def saliency(subject: Subject) -> MapBatch:
    """Computes the gradient's size, on the observation: map = max over channels of |d score / d observation|.

    It says where a change matters, not in which direction: a map is `ok` or `zero_gradient`.

    Source: Simonyan et al. 2014, section 3.1.
    """
    return pixel_map(*differentiate_observation(subject, subject.observation, subject.aim))
