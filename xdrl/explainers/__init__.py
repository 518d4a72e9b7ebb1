"""Explanation methods: one file each, one registry, one contract.

A method is a function of a `Subject` to a `MapBatch`, made of TensorFlow operations alone, so that it can be
compiled, batched and exported. It explains whatever a subject can be made of.
"""

from typing import Any

import keras

from xdrl.errors import UserError
from xdrl.explainers.blur import blur
from xdrl.explainers.eigen_cam import eigen_cam
from xdrl.explainers.grad_cam import grad_cam
from xdrl.explainers.grad_cam_plus_plus import grad_cam_plus_plus
from xdrl.explainers.hires_cam import hires_cam
from xdrl.explainers.integrated_gradients import integrated_gradients
from xdrl.explainers.keras_models import ModelTarget, explain_model
from xdrl.explainers.layer_cam import layer_cam
from xdrl.explainers.maps import MapBatch
from xdrl.explainers.methods import OBSERVATION, Method
from xdrl.explainers.occlusion import occlusion
from xdrl.explainers.saliency import saliency
from xdrl.explainers.sarfa import sarfa
from xdrl.explainers.score_cam import score_cam
from xdrl.explainers.smooth_grad import smooth_grad

METHODS: dict[str, Method] = {
    "grad-cam": Method(
        grad_cam, "the last convolution's channels, by their mean gradient", "Selvaraju et al. 2017"
    ),
    "grad-cam++": Method(
        grad_cam_plus_plus, "the same by their positive gradients, for objects of any size", "Chattopadhay et al. 2018"
    ),
    "hires-cam": Method(
        hires_cam, "the last convolution's cells, each by its own gradient", "Draelos & Carin 2020"
    ),
    "layer-cam": Method(
        layer_cam, "the same where that gradient is positive", "Jiang et al. 2021"
    ),
    "score-cam": Method(
        score_cam, "its channels, by what the network decides when it sees through one alone", "Wang et al. 2020"
    ),
    "eigen-cam": Method(
        eigen_cam, "what its channels have most in common, for any target the same", "Muhammad & Yeasin 2020",
        follows_target=False,
    ),
    "saliency": Method(
        saliency, "the size of the gradient at each pixel", "Simonyan et al. 2014", OBSERVATION
    ),
    "smooth-grad": Method(
        smooth_grad, "the same, averaged over noisy copies", "Smilkov et al. 2017", OBSERVATION
    ),
    "integrated-gradients": Method(
        integrated_gradients, "what each pixel adds on the way from a blank observation", "Sundararajan et al. 2017",
        OBSERVATION,
    ),
    "occlusion": Method(
        occlusion, "how far the score drops where a patch is painted over", "Zeiler & Fergus 2014", OBSERVATION
    ),
    "blur": Method(
        blur, "how far policy or value move where a place is blurred", "Greydanus et al. 2018", OBSERVATION
    ),
    "sarfa": Method(
        sarfa, "where blurring makes this action, and no other, less likely", "Puri et al. 2020", OBSERVATION,
        needs_action=True,
    ),
}  # fmt: skip


def find_method(name: str) -> Method:
    """Returns the method of a name.

    Raises:
        UserError: there is no such method.
    """
    if name not in METHODS:
        raise UserError(f"expected a method of {', '.join(METHODS)}, got {name!r}")
    return METHODS[name]


def explain(
    model: keras.Model,
    inputs: Any,
    layer: str | keras.Layer | None = None,
    target: ModelTarget = None,
    method: str = "grad-cam",
) -> MapBatch:
    """Says what on images spoke for a target, for any Keras model of images.

    Args:
        model: that is built, with one float input [N, H, W, C] and one or more outputs. Its first output, [N, A], is
            what an index is of. Where it ends in a softmax or a sigmoid, the logits before it are explained.
        inputs: N images as the model takes them, any type of numbers. Methods that blank things out put 0 there.
        layer: name of the layer, or the layer, whose output is the feature map, wherever it stands in models and
            blocks inside the model; of one that is called more often, the last call. None takes the last convolution
            that has more than one cell, with the normalisation, activation or addition that follows it.
        target: an index of the first output, N of them, one an image, or None for the index that is largest; or a
            function of the outputs (a tensor where there is one output, else a list of them) to N scores, [N] or
            [N, 1], which sees all the images at once: as many as fit memory.
        method: of `METHODS`.

    Returns:
        arrays: maps float32 [N, h, w], their peaks [N] and statuses, and the model's outputs, a tuple.

    Raises:
        UserError: there is no such method, layer or index, the layer has no feature map, the method does not know
            such a target, or the images do not fit the model or are not finite.

    Example:
        found = xdrl.explainers.explain(model, images, layer="conv2d_3", target=7, method="layer-cam")
        heatmaps = found.maps / found.maps.max((1, 2), keepdims=True)
    """
    return explain_model(model, inputs, layer, target, find_method(method))
