"""Any Keras model of images as a subject: the methods explain a user's network as they explain ours."""

from collections.abc import Callable
from numbers import Integral
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from xdrl.errors import UserError
from xdrl.explainers.maps import MapBatch, compile_method, explain_in_chunks
from xdrl.explainers.methods import Method
from xdrl.explainers.subjects import Choice, Goal, Subject

CHUNK = 16
"""Images that are explained at once; they may be far larger than an agent's observations."""
ModelTarget = int | Callable[[Any], Any] | None
_CONVOLUTIONS = (layers.Conv2D, layers.DepthwiseConv2D, layers.SeparableConv2D, layers.Conv2DTranspose)


def explain_model(
    model: keras.Model, inputs: Any, layer: str | keras.Layer | None, target: ModelTarget, method: Method
) -> MapBatch:
    """Explains what a model makes of images; arguments, result and errors as in `xdrl.explainers.explain`."""
    images = _checked_images(model, inputs)
    explained = _find_layer(model, layer)
    aim = _aim(model, target)
    extract = keras.Model(model.inputs[0], explained.output)
    # With the inputs beside it the feature map may have ways round it, as in a residual network; and it may itself be
    # an output.
    outputs = [layers.Identity()(each) if each is explained.output else each for each in model.outputs]
    decide = keras.Model([explained.output, model.inputs[0]], outputs)

    def run(observation: tf.Tensor) -> MapBatch:
        return method.function(
            Subject(
                observation,
                extract=lambda seen: extract(seen, training=False),
                decide=lambda feature_map, seen: tuple(tf.nest.flatten(decide([feature_map, seen], training=False))),
                aim=aim,
            )
        )

    return explain_in_chunks(
        compile_method(run, [tf.TensorSpec([None, *images.shape[1:]], images.dtype)]), [images], CHUNK
    )


def _checked_images(model: keras.Model, inputs: Any) -> np.ndarray:
    if not isinstance(model, keras.Model) or not getattr(model, "inputs", None):
        raise UserError(f"expected a functional or built sequential Keras model, got {type(model).__name__}")
    if len(model.inputs) != 1:
        raise UserError(f"expected a model with one input, got one with {len(model.inputs)}")
    expected = model.inputs[0]
    if not keras.backend.is_float_dtype(expected.dtype):
        raise UserError(f"expected a model whose input is float, got {expected.dtype}: whole numbers have no gradient")
    images = np.asarray(inputs)
    is_fitting = images.ndim == len(expected.shape) == 4 and all(
        size in (None, given) for size, given in zip(expected.shape[1:], images.shape[1:], strict=True)
    )
    if not is_fitting or not images.size or images.dtype.kind not in "fiub":
        shape = ", ".join("?" if size is None else str(size) for size in expected.shape[1:])
        raise UserError(f"expected images of shape [N, {shape}], got {list(images.shape)} {images.dtype}")
    return images.astype(expected.dtype)


def _find_layer(model: keras.Model, layer: str | keras.Layer | None) -> keras.Layer:
    """Returns the layer asked for, else the last convolution, which may be a model of its own."""
    found: list[keras.Layer]
    if layer is None:
        found = [each for each in model.layers if _is_convolution(each)][-1:]
        if not found:
            raise UserError(f"expected a model with a convolution, got {model.name} without one: name a layer")
    else:
        found = [each for each in model.layers if layer in (each.name, each)]
        if not found:
            name = layer if isinstance(layer, str) else layer.name
            raise UserError(f"expected a layer of {', '.join(each.name for each in model.layers)}, got {name!r}")
    shape = tuple(found[0].output.shape)
    if len(shape) != 4:
        raise UserError(f"expected a layer whose output is [N, h, w, K], got {found[0].name} with {list(shape)}")
    if getattr(found[0], "data_format", "channels_last") != "channels_last":
        raise UserError(f"expected a layer whose channels come last, got {found[0].name} with channels first")
    return found[0]


def _is_convolution(layer: keras.Layer) -> bool:
    if isinstance(layer, keras.Model):
        return len(layer.output_shape) == 4 and any(_is_convolution(each) for each in layer.layers)
    return isinstance(layer, _CONVOLUTIONS)


def _aim(model: keras.Model, target: ModelTarget) -> Callable[[tuple[Any, ...]], Goal]:
    """Returns the function that fixes a target at a model's outputs."""
    if callable(target):
        goal = _score_goal(target)
        return lambda _: goal
    shape = tuple(model.outputs[0].shape)
    if target is not None and not isinstance(target, Integral):
        raise UserError(f"expected a target that is an index, a function or None, got {target!r}")
    if len(shape) != 2 or shape[1] is None:
        raise UserError(f"expected a target that is a function, for a first output of shape {list(shape)}")
    if target is not None and not 0 <= target < shape[1]:
        raise UserError(f"expected a target from 0 to {shape[1] - 1}, got {target}")
    to_logits = _log if _ends_in_softmax(model) else tf.identity

    def aim(outputs: tuple[Any, ...]) -> Goal:
        wanted = tf.argmax(outputs[0], -1) if target is None else tf.fill(tf.shape(outputs[0])[:1], int(target))
        return _index_goal(tf.one_hot(wanted, shape[1]), to_logits, is_chosen=target is None)

    return aim


def _score_goal(function: Callable[[Any], Any]) -> Goal:
    def score(outputs: tuple[Any, ...]) -> Any:
        return tf.cast(function(outputs[0] if len(outputs) == 1 else list(outputs)), tf.float32)

    return Goal(score, lambda found: score(found)[:, None], lambda found, blank: score(found) - score(blank))


def _index_goal(action: Any, to_logits: Callable[[Any], Any], is_chosen: bool) -> Goal:
    """The goal of one index of the first output, float32 [N, A] one-hot."""

    def first(outputs: tuple[Any, ...]) -> Any:
        return tf.cast(outputs[0], tf.float32)

    def score(outputs: tuple[Any, ...]) -> Any:
        return tf.reduce_sum(action * first(outputs), -1)

    def logits(outputs: tuple[Any, ...]) -> Any:
        return to_logits(first(outputs))

    return Goal(
        score,
        response=first if is_chosen else lambda found: score(found)[:, None],
        confidence=lambda found, _: tf.reduce_sum(action * tf.nn.softmax(logits(found)), -1),
        choice=Choice(logits, action, 1 - action),
    )


def _ends_in_softmax(model: keras.Model) -> bool:
    name = getattr(model, "output_names", [model.layers[-1].name])[0]
    last = next((layer for layer in model.layers if layer.name == name), None)
    if isinstance(last, keras.Model):
        return _ends_in_softmax(last)
    return isinstance(last, layers.Softmax) or getattr(last, "activation", None) is keras.activations.softmax


def _log(probabilities: Any) -> Any:
    return tf.math.log(tf.maximum(probabilities, np.finfo(np.float32).tiny))
