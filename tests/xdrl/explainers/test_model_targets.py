"""Targets of a user's own model: logits behind probabilities, single units, labels, functions of the outputs."""

import functools

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops

from tests.method_kinds import EVERY_METHOD
from xdrl.errors import UserError
from xdrl.explainers import explain
from xdrl.explainers.maps import MapBatch

IMAGES = np.random.default_rng(0).normal(size=(3, 20, 16, 3)).astype(np.float32)
MANY = np.random.default_rng(1).normal(size=(33, 20, 16, 3)).astype(np.float32)


def build_model(end=None, units: int = 5, scale: float = 1) -> keras.Model:
    """A small user's network of images, 20 x 16 x 3, whose logits pass through an end."""
    keras.utils.set_random_seed(25)
    images = keras.Input((20, 16, 3))
    x = layers.MaxPooling2D(2)(layers.Conv2D(6, 3, activation="relu", name="late")(images))
    logits = layers.Dense(units)(layers.Flatten()(x))
    model = keras.Model(images, logits if end is None else end(logits))
    model.layers[4].set_weights([scale * weight for weight in model.layers[4].get_weights()])
    return model


@functools.cache
def explain_logits(method: str, scale: float = 1) -> MapBatch:
    """Explains the model that ends in its logits."""
    return explain(build_model(scale=scale), IMAGES, target=0, method=method)


@tf.function
def _hidden_softmax(logits):
    return tf.nn.softmax(logits)


SOFTMAXES = {
    "activation": layers.Activation("softmax"),
    "layer": layers.Softmax(),
    "ops": ops.softmax,
    "lambda": layers.Lambda(lambda logits: tf.nn.softmax(logits)),
    "cast": layers.Activation("softmax", dtype="float16"),
    "reshape": lambda logits: layers.Reshape((5,))(layers.Softmax()(layers.Reshape((1, 1, 5))(logits))),
    "logarithm": ops.log_softmax,
}


def check_that_logits_are_explained(end: str, method: str) -> None:
    atol = 1e-2 if end == "cast" else 1e-4
    expected, found = explain_logits(method), explain(build_model(SOFTMAXES[end]), IMAGES, target=0, method=method)
    np.testing.assert_allclose(found.maps, expected.maps, atol=atol * max(expected.maps.max(), 1e-6))
    assert not np.allclose(found.outputs[0], expected.outputs[0]), "the outputs are the model's own"


@pytest.mark.parametrize(
    "end",
    [end if end in ("layer", "cast", "reshape") else pytest.param(end, marks=pytest.mark.slow) for end in SOFTMAXES],
)
def test_the_logits_behind_a_softmax_are_explained(end):
    check_that_logits_are_explained(end, "sarfa")


@pytest.mark.parametrize("method", EVERY_METHOD)
def test_every_method_explains_the_logits_behind_a_softmax(method):
    check_that_logits_are_explained("ops", method)


@pytest.mark.parametrize("method", ["grad-cam", "saliency", "occlusion"])
def test_a_softmax_that_is_sure_has_a_map(method):
    model, plain = build_model(ops.softmax, scale=300), build_model(scale=300)
    found = explain(model, IMAGES, method=method)
    assert found.outputs[0].max(-1).min() == 1, "the softmax is not sure"
    assert found.statuses == ["ok"] * 3
    np.testing.assert_allclose(found.maps, explain(plain, IMAGES, method=method).maps, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("method", ["score-cam", "sarfa"])
def test_where_the_softmax_cannot_be_found_it_is_said_and_the_answer_is_the_same(method):
    hidden = build_model(layers.Lambda(_hidden_softmax))
    with pytest.warns(UserWarning, match="the softmax they come from cannot be found"):
        found = explain(hidden, IMAGES, target=0, method=method)
    expected = explain_logits(method)
    np.testing.assert_allclose(found.maps, expected.maps, atol=1e-4 * expected.maps.max())


@pytest.mark.parametrize("method", EVERY_METHOD)
def test_a_sigmoid_is_a_decision_for_or_against(method):
    check_that_a_sigmoid_is_for_or_against(method, units=1)


@pytest.mark.parametrize("method", ["score-cam", "sarfa"])
def test_each_of_several_sigmoids_is_a_decision(method):
    check_that_a_sigmoid_is_for_or_against(method, units=5)


def check_that_a_sigmoid_is_for_or_against(method: str, units: int) -> None:
    model = build_model(ops.sigmoid, units)
    found = explain(model, IMAGES, target=0, method=method)
    assert np.isfinite(found.maps).all()
    negated = build_model(lambda logits: ops.sigmoid(-logits), units)
    other = explain(negated, IMAGES, target=0, method=method)
    is_signed = method not in ("eigen-cam", "saliency", "smooth-grad", "blur")
    assert np.allclose(found.maps, other.maps, atol=1e-4 * found.maps.max()) != is_signed


def test_sarfa_of_a_sigmoid_is_the_drop_of_its_probability():
    found = explain(build_model(ops.sigmoid, 1), IMAGES, method="sarfa")
    pair = build_model(lambda logit: ops.softmax(ops.concatenate([logit, 0 * logit], -1)), 1)
    expected = explain(pair, IMAGES, target=0, method="sarfa")
    np.testing.assert_allclose(found.maps, expected.maps, atol=1e-5)


def test_a_single_number_that_is_no_probability_is_a_score():
    model = build_model(units=1)
    by_function = explain(model, IMAGES, target=lambda scores: scores[:, 0], method="score-cam")
    np.testing.assert_allclose(explain(model, IMAGES, method="score-cam").maps, by_function.maps, atol=1e-5)
    with pytest.raises(UserError, match="sarfa: expected a target that is about an action, got a score"):
        explain(model, IMAGES, method="sarfa")


@pytest.mark.parametrize(
    "kind", [list, *(pytest.param(kind, marks=pytest.mark.slow) for kind in (tuple, np.array, tf.constant))]
)
def test_each_image_may_have_a_label(kind):
    model, labels = build_model(), [index % 5 for index in range(len(MANY))]
    found = explain(model, MANY, target=kind(labels))
    for index in (0, 7, 32):
        alone = explain(model, MANY[index : index + 1], target=labels[index])
        np.testing.assert_allclose(found.maps[index], alone.maps[0], atol=1e-6)


def test_a_function_may_hold_what_belongs_to_each_image():
    model, labels = build_model(), np.arange(len(MANY)) % 5
    expected = explain(model, MANY, target=labels).maps
    for target in (
        lambda logits: tf.gather(logits, labels, batch_dims=1),
        lambda logits: tf.gather(logits, labels, batch_dims=1)[:, None],
        lambda logits: ops.take_along_axis(logits, labels[:, None], 1),
    ):
        np.testing.assert_allclose(explain(model, MANY, target=target).maps, expected, atol=1e-6)


def test_a_function_may_compare_the_images():
    model = build_model()
    found = explain(model, MANY, target=lambda logits: logits[:, 0] * ops.std(logits[:, 1]))
    factor = model.predict(MANY, verbose=0)[:, 1].std()
    with tf.GradientTape() as tape:  # the last convolution's own gradient, by hand
        answer = model.get_layer("late")(MANY)
        tape.watch(answer)
        logits = model.layers[4](model.layers[3](model.layers[2](answer)))
        score = tf.reduce_sum(logits[:, 0] * tf.math.reduce_std(logits[:, 1]))
    gradients = tape.gradient(score, answer).numpy().mean((1, 2), keepdims=True)
    assert factor > 0
    np.testing.assert_allclose(found.maps, np.maximum((gradients * answer).numpy().sum(-1), 0), atol=1e-5)


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ([0, 1], r"expected a target that is an index, a list of 3 \(one an image\), a function or None, got 2"),
        ([0, 1, 5], "expected a target from 0 to 4, got 5"),
        ([0.0, 1.0, 2.0], r"a list of 3 \(one an image\), a function or None, got \[0.0, 1.0, 2.0\]"),
        ([[0], [1], [2]], r"a list of 3 \(one an image\)"),
        ([0, [1], 2], r"a list of 3 \(one an image\)"),
        (True, "expected a target that is an index"),
        (lambda logits: logits, r"expected a target of 3 scores, one an image, got \[3, 5\]"),
        (lambda logits: ops.sum(logits), r"expected a target of 3 scores, one an image, got \[\]"),
        (lambda logits: logits[:, 9], "expected a target that takes the outputs of all 3 images to as many scores, go"),
        (lambda logits: tf.gather(logits, [0] * 4, batch_dims=1), "expected a target that takes the outputs of all 3"),
        (lambda: 0, "got TypeError in it: .*takes 0 positional arguments but 1 was given"),
    ],
)
def test_a_target_that_is_none_is_refused_in_one_line(target, message):
    with pytest.raises(UserError, match=message) as error:
        explain(build_model(), IMAGES, target=target)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_images_that_are_not_finite_are_refused(wrong):
    images = IMAGES.copy()
    images[1, 2, 3, 0] = wrong
    with pytest.raises(UserError, match=r"expected images of finite numbers \(float32\), got image 1 with others"):
        explain(build_model(), images)
    with pytest.raises(UserError, match=r"expected images of finite numbers \(float32\)"):
        explain(build_model(), images.astype(float) + 1e300)


def test_a_network_that_answers_infinity_has_a_status_of_its_own():
    check_that_what_is_not_finite_has_its_status("grad-cam", np.inf)


@pytest.mark.parametrize("method", EVERY_METHOD)
def test_a_network_that_answers_nan_has_a_status_of_its_own(method):
    check_that_what_is_not_finite_has_its_status(method, np.nan)


def check_that_what_is_not_finite_has_its_status(method: str, wrong: float) -> None:
    model = build_model()
    kernel, bias = model.layers[4].get_weights()
    model.layers[4].set_weights([kernel, bias + wrong])
    found = explain(model, IMAGES, target=0, method=method)
    assert found.statuses == ["not_finite"] * 3
    assert not found.maps.any() and not found.peaks.any()
