"""Explanation methods: one file each, one contract; `xdrl.methods` says what each is.

A method is a function of a `Subject` to a `MapBatch`, made of TensorFlow operations alone, so that it can be
compiled, batched and exported. It explains whatever a subject can be made of.
"""

from collections.abc import Callable
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
from xdrl.explainers.methods import Method
from xdrl.explainers.occlusion import occlusion
from xdrl.explainers.saliency import saliency
from xdrl.explainers.sarfa import sarfa
from xdrl.explainers.score_cam import score_cam
from xdrl.explainers.smooth_grad import smooth_grad
from xdrl.explainers.subjects import Subject
from xdrl.methods import METHOD_ROWS, MethodRow

_FUNCTIONS = {
    "grad-cam": grad_cam,
    "grad-cam++": grad_cam_plus_plus,
    "hires-cam": hires_cam,
    "layer-cam": layer_cam,
    "score-cam": score_cam,
    "eigen-cam": eigen_cam,
    "saliency": saliency,
    "smooth-grad": smooth_grad,
    "integrated-gradients": integrated_gradients,
    "occlusion": occlusion,
    "blur": blur,
    "sarfa": sarfa,
}
METHODS = {name: Method(_FUNCTIONS[name], **vars(row)) for name, row in METHOD_ROWS.items()}


def register_method(name: str, function: Callable[[Subject], MapBatch], row: MethodRow) -> None:
    """Adds a method to those that agents, reports, trust tests and `explain` know.

    Args:
        name: that it is asked for by.
        function: a subject to its maps, of TensorFlow operations alone.
        row: what is said of it.

    Raises:
        UserError: there is one of that name.
    """
    if name in METHODS:
        raise UserError(f"expected a new name for a method, got {name!r}, which there is")
    METHOD_ROWS[name], METHODS[name] = row, Method(function, **vars(row))


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
        inputs: N images as the model takes them, any type of numbers. Methods that blank things out put 0 there. For
            N = 1 one image will do, or an image of PIL's or the path of a picture that has the model's size: its pixels
            are 0 to 255, and grey, RGB or RGBA as the model has channels.
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
