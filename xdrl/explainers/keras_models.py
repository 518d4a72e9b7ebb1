"""Any Keras model of images as a subject: the methods explain a user's network as they explain ours."""

import warnings
from collections.abc import Callable
from os import PathLike
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from xdrl.errors import UserError
from xdrl.explainers.feature_maps import find_feature_map
from xdrl.explainers.layer_calls import Call, record_calls, replace_call, see_call
from xdrl.explainers.logits import SOFTMAX, UNKNOWN, Logits, are_probabilities, find_logits, to_logits
from xdrl.explainers.maps import MapBatch, compile_method, explain_in_chunks
from xdrl.explainers.methods import Method
from xdrl.explainers.model_targets import ModelTarget, check_indices, check_scores, index_goal, score_goal
from xdrl.explainers.subjects import Goal, Subject
from xdrl.images import as_batch, read_images

CHUNK = 16
"""Images that are explained at once; they may be far larger than an agent's observations."""
_MODES = {1: "L", 4: "RGBA"}
"""PIL's names of what a picture becomes, by the channels that a model takes; else it becomes RGB."""


class ModelOutputs(NamedTuple):
    """What a model makes of N images.

    Attributes:
        all: its outputs, in a row.
        logits: `Logits` behind the first of them; None where the target is a function of them all.
    """

    all: tuple[Any, ...]
    logits: Any


class _Rehearsal(NamedTuple):
    """A model, traced once: its layers' calls, what its first output ends in, and its outputs for one image."""

    calls: list[Call]
    end: str
    outputs: list[np.ndarray]


class _Plan(NamedTuple):
    """How a target is followed: arrays of N each that are explained a chunk at a time, the outputs read, the goal."""

    arrays: list[np.ndarray]
    read: Callable[[tuple[Any, ...]], ModelOutputs]
    aim: Callable[..., Goal]


def explain_model(
    model: keras.Model, inputs: Any, layer: str | keras.Layer | None, target: ModelTarget, method: Method
) -> MapBatch:
    """Explains what a model makes of images; arguments, result and errors as in `xdrl.explainers.explain`."""
    _check_model(model)
    images = _checked_images(model, inputs)
    rehearsal = _rehearse(model, images)
    place = find_feature_map(model, rehearsal.calls, layer)
    plan = _plan(rehearsal, target, images)

    def run(observation: tf.Tensor, *indices: tf.Tensor) -> MapBatch:
        subject = Subject(
            observation,
            extract=lambda seen: see_call(place, lambda: _call(model, seen)),
            decide=lambda feature_map, seen: plan.read(replace_call(place, feature_map, lambda: _call(model, seen))),
            aim=lambda outputs: plan.aim(outputs, *indices),
        )
        found = method.function(subject)
        return found._replace(outputs=found.outputs.all)

    # A function sees all the images at once: it may know what belongs to each, or compare them.
    size, specified = (len(images),) * 2 if callable(target) else (CHUNK, None)
    signature = [tf.TensorSpec([specified, *array.shape[1:]], array.dtype) for array in plan.arrays]
    return explain_in_chunks(compile_method(run, signature), plan.arrays, size)


def _plan(rehearsal: _Rehearsal, target: ModelTarget, images: np.ndarray) -> _Plan:
    if callable(target):
        score = check_scores(target, rehearsal.outputs, len(images))
        goal = score_goal(lambda found: score(found.all))
        return _Plan([images], lambda outputs: ModelOutputs(outputs, None), lambda _: goal)
    indices = check_indices(target, rehearsal.outputs[0].shape, len(images))
    arrays = [images] if indices is None else [images, indices]
    return _Plan(arrays, _reader(rehearsal), lambda outputs, indices=None: index_goal(outputs.logits, indices))


def _reader(rehearsal: _Rehearsal) -> Callable[[tuple[Any, ...]], ModelOutputs]:
    """Returns the function that finds the logits behind the outputs."""
    if rehearsal.end != UNKNOWN or not are_probabilities(rehearsal.outputs[0]):
        return lambda outputs: ModelOutputs(outputs, find_logits(outputs[0]))
    warnings.warn(
        "the first output is probabilities, and the softmax they come from cannot be found: their logarithm is "
        "explained, which is blank where one of them is 1; end the model in a softmax or in its logits",
        stacklevel=5,
    )
    return lambda outputs: ModelOutputs(outputs, Logits(to_logits(outputs[0]), SOFTMAX))


def _rehearse(model: keras.Model, images: np.ndarray) -> _Rehearsal:
    calls: list[Call] = []
    ends: list[str] = []

    def run(seen: tf.Tensor) -> tuple[Any, ...]:
        found, outputs = record_calls(model, lambda: _call(model, seen))
        calls.extend(found)
        ends.append(find_logits(outputs[0]).end if len(outputs[0].shape) == 2 else UNKNOWN)
        return outputs

    try:
        traced = tf.function(run, autograph=False).get_concrete_function(
            tf.TensorSpec([None, *images.shape[1:]], images.dtype)
        )
        outputs = traced(tf.constant(images[:1]))
    except Exception as error:
        message = " ".join(str(error).split())[:300]
        raise UserError(
            f"expected a model of images like these, {list(images.shape[1:])} {images.dtype}, got {message}"
        ) from error
    return _Rehearsal(calls, ends[0], [output.numpy() for output in outputs])


def _call(model: keras.Model, images: Any) -> tuple[Any, ...]:
    # Of a functional model, whose one input may lie in a list or have a name; others take it as it is.
    is_functional = getattr(model, "inputs", None) and not isinstance(model, keras.Sequential)
    seen = keras.tree.pack_sequence_as(model.input, [images]) if is_functional else images
    return tuple(keras.tree.flatten(model(seen, training=False)))


def _check_model(model: Any) -> None:
    if isinstance(model, str | PathLike):
        raise UserError(f"expected a Keras model, got a path: pass keras.saving.load_model({str(model)!r})")
    if hasattr(model, "signatures") or isinstance(model, keras.layers.TFSMLayer):
        raise UserError(
            f"expected a Keras model, got a SavedModel ({type(model).__name__}), which has no layers to look into: "
            "pass the model that it was exported from, as model.save('model.keras') keeps it"
        )
    if not isinstance(model, keras.Model) or not model.built:
        raise UserError(f"expected a Keras model that is built, got {type(model).__name__}: call it on images once")


def _checked_images(model: keras.Model, inputs: Any) -> np.ndarray:
    """Returns the images as the model takes them, float [N, H, W, C]."""
    expected_inputs = getattr(model, "inputs", None) or [keras.KerasTensor((None,) * 4, model.compute_dtype)]
    if len(expected_inputs) != 1:
        raise UserError(f"expected a model with one input, got one with {len(expected_inputs)}")
    expected = expected_inputs[0]
    if not keras.backend.is_float_dtype(expected.dtype):
        raise UserError(f"expected a model whose input is float, got {expected.dtype}: whole numbers have no gradient")
    given = read_images(inputs, _MODES.get(expected.shape[-1], "RGB"))
    images = as_batch(given)
    is_fitting = images.ndim == len(expected.shape) == 4 and all(
        size in (None, given) for size, given in zip(expected.shape[1:], images.shape[1:], strict=True)
    )
    if not is_fitting or not images.size or images.dtype.kind not in "fiub":
        shape = ", ".join("?" if size is None else str(size) for size in expected.shape[1:])
        raise UserError(f"expected images of shape [N, {shape}], got {list(given.shape)} {given.dtype}")
    with np.errstate(over="ignore"):
        taken = images.astype(expected.dtype)
    if not np.isfinite(taken).all():
        wrong = np.flatnonzero(~np.isfinite(taken).all((1, 2, 3)))
        raise UserError(f"expected images of finite numbers ({taken.dtype}), got image {wrong[0]} with others")
    return taken
