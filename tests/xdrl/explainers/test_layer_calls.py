"""Layers wherever they stand: in a model inside a model, in a block of one's own, used twice, shared."""

import itertools
from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from xdrl.errors import UserError
from xdrl.explainers import explain

IMAGES = np.random.default_rng(0).normal(size=(3, 20, 16, 3)).astype(np.float32)


def build_base(name: str, *, ends_in_pool: bool = False) -> keras.Model:
    """What transfer learning starts from: a model of images without a head."""
    keras.utils.set_random_seed(3)
    images = keras.Input((20, 16, 3))
    x = layers.Conv2D(6, 3, activation="relu", padding="same", name="early")(images)
    x = layers.Conv2D(6, 3, padding="same", name="late")(x)
    x = layers.ReLU(name="last")(layers.BatchNormalization()(x))
    return keras.Model(images, layers.GlobalAveragePooling2D()(x) if ends_in_pool else x, name=name)


def put_head_on(features, images) -> keras.Model:
    keras.utils.set_random_seed(4)
    x = features if len(features.shape) == 2 else layers.GlobalAveragePooling2D()(features)
    return keras.Model(images, layers.Dense(5, name="classes")(x))


CASES = list(itertools.product((None, "early", "late", "last"), (False, True), (False, True)))
QUICK = ((None, True, False), (None, False, True), ("early", False, False), ("last", True, True))
"""Of the cases, with each base and each kind of model; the rest are for the slow run."""


@pytest.fixture(scope="module")
def flat() -> keras.Model:
    base = build_base("base")
    return put_head_on(base.output, base.input)


@pytest.mark.parametrize(
    ("layer", "ends_in_pool", "is_sequential"),
    [case if case in QUICK else pytest.param(*case, marks=pytest.mark.slow) for case in CASES],
)
def test_a_layer_inside_a_base_is_found_as_in_a_flat_model(flat, layer, ends_in_pool, is_sequential):
    base, images = build_base("base", ends_in_pool=ends_in_pool), keras.Input((20, 16, 3))
    model = put_head_on(base(images, training=False), images)
    if is_sequential:
        model = keras.Sequential([keras.Input((20, 16, 3)), *model.layers[1:]])
    expected = explain(flat, IMAGES, layer=layer, target=2)
    assert expected.peaks.max() > 0
    np.testing.assert_allclose(explain(model, IMAGES, layer=layer, target=2).maps, expected.maps, atol=1e-6)
    if layer:
        by_object = explain(model, IMAGES, layer=base.get_layer(layer), target=2)
        np.testing.assert_allclose(by_object.maps, expected.maps, atol=1e-6)


def test_the_default_is_the_last_convolution_after_its_normalisation_and_activation(flat):
    np.testing.assert_array_equal(explain(flat, IMAGES).maps, explain(flat, IMAGES, layer="last").maps)
    assert not np.allclose(explain(flat, IMAGES).maps, explain(flat, IMAGES, layer="late").maps)


def test_the_default_passes_over_a_convolution_of_one_cell():
    images = keras.Input((20, 16, 3))
    pooled = layers.GlobalAveragePooling2D(keepdims=True)(layers.Conv2D(4, 3, name="last")(images))
    model = keras.Model(images, layers.Flatten()(layers.Conv2D(5, 1)(pooled)))
    assert explain(model, IMAGES).maps.shape == (3, 18, 14)


def test_a_base_that_two_models_share_is_explained_in_each(flat):
    base, images = build_base("base"), keras.Input((20, 16, 3))
    models = [put_head_on(base(images), images) for _ in range(2)]
    models[1].get_layer("classes").set_weights([-weight for weight in models[0].get_layer("classes").get_weights()])
    one, other = (explain(model, IMAGES, target=2, method="hires-cam").maps for model in models)
    np.testing.assert_allclose(one, explain(flat, IMAGES, target=2, method="hires-cam").maps, atol=1e-6)
    assert not ((one > 0) & (other > 0)).any(), "what speaks for one speaks against the other"


def test_of_a_layer_that_is_used_twice_its_last_call_is_meant():
    keras.utils.set_random_seed(5)
    images, shared = keras.Input((20, 16, 3)), layers.Conv2D(3, 3, padding="same", name="shared")
    first = shared(images)
    model = keras.Model(images, layers.GlobalAveragePooling2D()(shared(first)))
    answer = keras.Model(images, [first, shared(first)]).predict(IMAGES, verbose=0)[1]
    # The score is the mean of a channel: its gradient is 1 / (20 x 16) there.
    expected = np.maximum(answer[..., 1], 0) / (20 * 16)
    np.testing.assert_allclose(explain(model, IMAGES, target=1, method="hires-cam").maps, expected, atol=1e-6)


def test_a_sequential_model_may_have_grown_and_shrunk(flat):
    model = keras.Sequential([keras.Input((20, 16, 3)), *flat.layers[1:]])
    expected = explain(model, IMAGES, target=1).maps
    model.add(layers.Dense(2))
    assert explain(model, IMAGES, target=1).outputs[0].shape == (3, 2)
    model.pop()
    np.testing.assert_array_equal(explain(model, IMAGES, target=1).maps, expected)


class Block(keras.layers.Layer):
    """A block of one's own, with layers that no graph shows."""

    def __init__(self):
        super().__init__()
        self.convolution, self.activation = layers.Conv2D(6, 3, name="inside"), layers.ReLU()
        self.spare = layers.Conv2D(2, 3, name="spare")

    def build(self, shape):
        self.convolution.build(shape)
        self.spare.build(shape)

    def call(self, x):
        return self.activation(self.convolution(x))


class Own(keras.Model):
    """A model of one's own, with a forward pass in Python."""

    def __init__(self):
        super().__init__()
        self.block, self.pool, self.head = Block(), layers.GlobalAveragePooling2D(), layers.Dense(5)

    def call(self, images):
        return self.head(self.pool(self.block(images)))


def test_a_block_of_ones_own_inside_a_functional_model_is_looked_into():
    images, block = keras.Input((20, 16, 3)), Block()
    model = put_head_on(block(images), images)
    last = explain(model, IMAGES, target=1).maps
    np.testing.assert_array_equal(explain(model, IMAGES, target=1, layer=block).maps, last)
    assert explain(model, IMAGES, target=1, layer="inside").maps.shape == last.shape == (3, 18, 14)


def test_a_model_of_ones_own_is_explained_once_it_is_built():
    model = Own()
    with pytest.raises(UserError, match="expected a Keras model that is built, got Own: call it on images once"):
        explain(model, IMAGES)
    model(IMAGES)
    found = explain(model, IMAGES, target=0)
    assert found.maps.shape == (3, 18, 14) and found.peaks.max() > 0
    with pytest.raises(UserError, match=r"expected a model of images like these, \[20, 16, 5\] float32, got .*"):
        explain(model, np.zeros((2, 20, 16, 5)))


def test_the_model_is_left_as_it_was(flat):
    before = [dict(vars(layer)) for layer in flat.layers]
    explain(flat, IMAGES)
    with pytest.raises(UserError):
        explain(flat, IMAGES, method="sarfa", target=lambda outputs: outputs[:, 0])
    assert [set(vars(layer)) for layer in flat.layers] == [set(each) for each in before]
    assert all("call" not in vars(layer) for layer in flat.layers)


def test_threads_may_explain_one_model_and_use_it(flat):
    expected = explain(flat, IMAGES, target=1).maps
    with ThreadPoolExecutor(4) as pool:
        maps = [pool.submit(explain, flat, IMAGES, target=1) for _ in range(4)]
        answers = [pool.submit(flat, tf.constant(IMAGES)) for _ in range(4)]
    for found in maps:
        np.testing.assert_array_equal(found.result().maps, expected)
    for answer in answers:
        np.testing.assert_allclose(answer.result(), flat.predict(IMAGES, verbose=0), atol=1e-5)


def test_a_name_of_two_layers_and_a_layer_that_is_not_called_are_refused(flat):
    images = keras.Input((20, 16, 3))
    bases = [build_base(name) for name in ("one", "other")]
    model = put_head_on(layers.Add()([base(images) for base in bases]), images)
    with pytest.raises(UserError, match="expected a name of one layer, got 'last' of 2: pass the layer itself"):
        explain(model, IMAGES, layer="last")
    assert explain(model, IMAGES, layer=bases[1].get_layer("last")).maps.shape == (3, 20, 16)
    own = Own()
    own(IMAGES)
    with pytest.raises(UserError, match="expected a layer that the model calls, got 'spare'"):
        explain(own, IMAGES, layer="spare")


def test_channels_that_come_first_are_refused_behind_a_layer_that_is_no_convolution_too():
    images = keras.Input((3, 20, 16))
    pooled = layers.ReLU(name="behind")(layers.AveragePooling2D(2, data_format="channels_first")(images))
    model = keras.Model(images, layers.Dense(2)(layers.Flatten()(pooled)))
    with pytest.raises(UserError, match="expected a layer whose channels come last, got behind with channels first"):
        explain(model, np.zeros((1, 3, 20, 16)), layer="behind")


def test_what_has_no_layers_is_refused_with_what_to_do(flat, tmp_path):
    flat.export(tmp_path / "exported", verbose=False)
    with pytest.raises(UserError, match=r"expected a Keras model, got a path: pass keras.saving.load_model\('a.keras'"):
        explain("a.keras", IMAGES)
    loaded = tf.saved_model.load(str(tmp_path / "exported"))
    layer = layers.TFSMLayer(tmp_path / "exported", call_endpoint="serve")
    for model in (loaded, layer):
        with pytest.raises(UserError, match=r"expected a Keras model, got a SavedModel .*which has no layers to look"):
            explain(model, IMAGES)
