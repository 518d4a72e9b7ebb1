"""Explaining a user's own Keras model: the same methods, any layer, any target, and what is refused."""

import keras
import numpy as np
import pytest
from keras import layers
from PIL import Image

from tests.method_kinds import EVERY_METHOD
from xdrl.errors import UserError
from xdrl.explainers import METHODS, explain

IMAGES = np.random.default_rng(0).normal(size=(3, 20, 16, 3)).astype(np.float32)


def build_model(activation=None, dtype=None, is_residual=False) -> keras.Model:
    """A small user's network of images, 20 x 16 x 3, to five classes."""
    keras.utils.set_random_seed(25)
    images = x = keras.Input((20, 16, 3), name="images")
    x = layers.Conv2D(6, 3, activation="relu", padding="same", name="early", dtype=dtype)(x)
    late = layers.Conv2D(6, 3, activation="relu", padding="same", name="late", dtype=dtype)(x)
    x = layers.Add(dtype=dtype)([x, late]) if is_residual else late
    x = layers.Flatten()(layers.MaxPooling2D(2, dtype=dtype)(x))
    return keras.Model(images, layers.Dense(5, activation, name="classes")(x))


@pytest.fixture(scope="module")
def model() -> keras.Model:
    return build_model()


@pytest.fixture(scope="module")
def two_outputs() -> keras.Model:
    model = build_model()
    size = layers.Dense(1, name="size")(layers.GlobalAveragePooling2D()(model.get_layer("late").output))
    return keras.Model(model.input, [model.output, size])


@pytest.mark.parametrize("method", EVERY_METHOD)
def test_every_method_explains_it(model, method):
    found = explain(model, IMAGES, method=method)
    shape = {"cells": (20, 16), "observation": (20, 16)}[METHODS[method].lies_on]
    assert found.maps.shape == (3, *(shape if method not in ("occlusion", "blur", "sarfa") else (10, 10)))
    assert found.maps.dtype == np.float32 and found.maps.min() >= 0
    np.testing.assert_array_equal(found.peaks, found.maps.max((1, 2)))
    assert found.statuses == ["ok"] * 3
    assert repr(found) == f"<MapBatch: maps {list(found.maps.shape)}, peaks, statuses, outputs>"
    np.testing.assert_allclose(found.outputs[0], model.predict(IMAGES, verbose=0), atol=1e-5)


@pytest.mark.parametrize("layer", ["late", "early"])
def test_grad_cam_is_that_of_tf_keras_vis(model, layer, one_output_model):
    from tf_keras_vis.gradcam import Gradcam

    options = {"seek_penultimate_conv_layer": False, "expand_cam": False, "normalize_cam": False}
    oracle = Gradcam(model, clone=False)
    expected = np.asarray(oracle(lambda output: output[:, 3], IMAGES, penultimate_layer=layer, **options))
    found = explain(model, IMAGES, layer=layer, target=3)
    assert (found.peaks > 0).any()
    np.testing.assert_allclose(found.maps, expected, atol=1e-4 * expected.max())
    np.testing.assert_array_equal(explain(model, IMAGES, layer=model.get_layer(layer), target=3).maps, found.maps)


@pytest.mark.filterwarnings("ignore:The structure of .inputs.")
def test_score_cam_is_that_of_tf_keras_vis_where_masks_are_not_stretched(model, one_output_model):
    from tf_keras_vis.scorecam import Scorecam

    options = {"penultimate_layer": "late", "expand_cam": False, "normalize_cam": False}
    expected = np.asarray(Scorecam(model, clone=False)(lambda output: output[:, 3], IMAGES, **options))
    found = explain(model, IMAGES, target=3, method="score-cam")
    np.testing.assert_allclose(found.maps, expected, atol=1e-4 * expected.max())


def test_the_last_convolution_and_the_most_probable_class_are_the_defaults(model):
    classes = model.predict(IMAGES, verbose=0).argmax(-1)
    assert len(set(classes)) == 3, "the images tell nothing"
    found = explain(model, IMAGES)
    for index, target in enumerate(classes):
        alone = explain(model, IMAGES[index : index + 1], layer="late", target=np.int64(target))
        np.testing.assert_allclose(found.maps[index], alone.maps[0], atol=1e-6)


def test_a_target_may_be_a_function_of_the_outputs(model, two_outputs):
    by_index = explain(model, IMAGES, target=2).maps
    np.testing.assert_allclose(explain(model, IMAGES, target=lambda classes: classes[:, 2]).maps, by_index)
    found = explain(two_outputs, IMAGES, target=lambda outputs: outputs[1][:, 0])
    np.testing.assert_array_equal(found.outputs[1].shape, (3, 1))
    assert found.peaks.max() > 0 and not np.allclose(found.maps, by_index)
    np.testing.assert_allclose(explain(two_outputs, IMAGES, target=2).maps, by_index, atol=1e-6)


def test_a_layer_may_have_ways_round_it():
    model = build_model(is_residual=True)
    found = explain(model, IMAGES, layer="late", target=1, method="hires-cam")
    assert found.peaks.min() > 0
    np.testing.assert_allclose(found.outputs[0], model.predict(IMAGES, verbose=0), atol=1e-5)


@pytest.mark.parametrize("is_sequential", [False, True])
def test_the_feature_map_may_be_the_output(is_sequential):
    images, convolution = keras.Input((20, 16, 3)), layers.Conv2D(2, 3, use_bias=False)
    model = keras.Sequential([images, convolution]) if is_sequential else keras.Model(images, convolution(images))
    found = explain(model, IMAGES, target=lambda maps: keras.ops.sum(maps[..., 1], (1, 2)))
    # The gradient is 1 for the second channel and 0 for the first.
    np.testing.assert_allclose(found.maps, np.maximum(found.outputs[0][..., 1], 0), atol=1e-6)


def test_a_softmax_at_the_end_is_known():
    logits, probabilities = (build_model(activation) for activation in (None, "softmax"))
    probabilities.set_weights(logits.get_weights())
    for method in ("score-cam", "sarfa"):
        maps = [explain(model, IMAGES, target=0, method=method).maps for model in (logits, probabilities)]
        np.testing.assert_allclose(*maps, atol=1e-4 * maps[0].max())


def test_a_model_inside_a_model_is_a_layer_as_others():
    inner = keras.Sequential([keras.Input((20, 16, 3)), layers.Conv2D(4, 3), layers.ReLU()], name="inner")
    model = keras.Sequential([keras.Input((20, 16, 3)), inner, layers.Flatten(), layers.Dense(2, "softmax")])
    assert explain(model, IMAGES).maps.shape == (3, 18, 14)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "uint8"])
def test_images_may_be_of_any_type_of_numbers(model, dtype):
    images = np.clip(IMAGES * 50 + 100, 0, 255).astype(dtype)
    expected = explain(model, images.astype(np.float32)).maps
    np.testing.assert_allclose(explain(model, images).maps, expected, atol=1e-5 * expected.max())


@pytest.mark.parametrize("method", EVERY_METHOD)
def test_a_network_of_half_precision_is_explained_in_full(method):
    model = build_model(dtype="mixed_float16")
    found, full = (explain(each, IMAGES, method=method) for each in (model, build_model()))
    assert found.maps.dtype == np.float32 and np.isfinite(found.maps).all()
    alike = [np.corrcoef(one.ravel(), other.ravel())[0, 1] for one, other in zip(found.maps, full.maps, strict=True)]
    assert min(alike) > 0.9


def test_one_image_may_come_as_a_picture_of_the_models_size(model, tmp_path):
    pixels, path = np.random.default_rng(1).integers(0, 256, (20, 16, 3)).astype(np.uint8), tmp_path / "image.png"
    picture = Image.fromarray(pixels)
    picture.save(path)
    expected = explain(model, pixels[None], target=3).maps
    for given in (pixels, picture, path, str(path)):
        np.testing.assert_array_equal(explain(model, given, target=3).maps, expected)
    with pytest.raises(UserError, match=r"expected images of shape \[N, 20, 16, 3\], got \[40, 32, 3\] uint8"):
        explain(model, picture.resize((32, 40)))


def test_many_images_are_explained_as_few(model):
    images = np.concatenate([IMAGES] * 7)
    assert len(images) > 16
    np.testing.assert_allclose(
        explain(model, images).maps, np.concatenate([explain(model, IMAGES).maps] * 7), atol=1e-6
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"layer": "nowhere"}, "expected a layer of images, early, late, .*, got 'nowhere'"),
        ({"layer": "classes"}, r"expected a layer whose output is \[N, h, w, K\], got classes with \[None, 5\]"),
        ({"layer": layers.Conv2D(1, 1, name="other")}, "expected a layer of images, .*, got 'other'"),
        ({"target": 5}, "expected a target from 0 to 4, got 5"),
        ({"target": -1}, "expected a target from 0 to 4, got -1"),
        (
            {"target": "cat"},
            r"expected a target that is an index, a list of 3 \(one an image\), a function or None, got 'cat'",
        ),
        ({"method": "tea-leaves"}, "expected a method of grad-cam, .*, got 'tea-leaves'"),
        ({"method": "sarfa", "target": lambda classes: classes[:, 0]}, "sarfa: expected a target that is about an act"),
        ({"inputs": IMAGES[0, :10]}, r"expected images of shape \[N, 20, 16, 3\], got \[10, 16, 3\] float32"),
        ({"inputs": IMAGES[:0]}, r"got \[0, 20, 16, 3\] float32"),
        ({"inputs": IMAGES[..., :1]}, r"got \[3, 20, 16, 1\] float32"),
        ({"inputs": IMAGES.astype(str)}, "expected images of shape"),
    ],
)
def test_what_does_not_fit_the_model_is_refused_in_one_line(model, options, message):
    with pytest.raises(UserError, match=message) as error:
        explain(model, **{"inputs": IMAGES, **options})
    assert "\n" not in str(error.value)


def test_a_model_that_cannot_be_explained_is_refused_in_one_line():
    def refuse(model, message, images=IMAGES, **options):
        with pytest.raises(UserError, match=message):
            explain(model, images, **options)

    refuse(keras.Sequential(), "expected a Keras model that is built, got Sequential: call it on images once")
    images = keras.Input((20, 16, 3))
    flat = layers.Flatten()(images)
    refuse(keras.Model(images, layers.Dense(2)(flat)), "expected a model with a convolution")
    convolved = layers.Conv2D(2, 3)(images)
    refuse(
        keras.Model(images, convolved), r"expected a target that is a function, for a first output of shape \[None, "
    )
    whole = keras.Input((20, 16, 3), dtype="uint8")
    pooled = layers.GlobalAveragePooling2D()(layers.Conv2D(2, 3)(layers.Rescaling(1 / 255)(whole)))
    refuse(keras.Model(whole, pooled), "expected a model whose input is float, got uint8")
    other = keras.Input((2,))
    joined = layers.Concatenate()([layers.GlobalAveragePooling2D()(convolved), other])
    refuse(keras.Model([images, other], joined), "expected a model with one input, got one with 2")
