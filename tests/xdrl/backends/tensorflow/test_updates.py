import keras
import numpy as np
import pytest
import tensorflow as tf

from xdrl.backends.tensorflow.updates import ApplyFunction, AssignFunction, ReadFunction


def test_copying_follows_the_source_and_leaves_it_alone():
    source = [keras.Variable([1.0, 2.0]), keras.Variable([[3.0]])]
    target = [keras.Variable([0.0, 0.0]), keras.Variable([[0.0]])]
    read, assign = ReadFunction(source), AssignFunction(target)
    for factor in (1.0, 5.0):
        source[0].assign([factor, 2 * factor])
        assign(read())
        assert [variable.numpy().tolist() for variable in target] == [[factor, 2 * factor], [[3.0]]]
    target[1].assign([[9.0]])
    assert source[1].numpy().tolist() == [[3.0]]


def test_an_update_leaves_what_was_read_alone():
    weight, other = keras.Variable([1.0, -1.0]), keras.Variable([0.0, 0.0])
    apply, read = ApplyFunction(keras.optimizers.Adam(0.1), [weight]), ReadFunction([weight])
    before = read()
    AssignFunction([other])(before)
    apply([tf.constant([1.0, 1.0])])
    assert other.numpy().tolist() == before[0].numpy().tolist() == [1.0, -1.0]
    assert weight.numpy().tolist() == pytest.approx([0.9, -1.1], abs=1e-4)


def test_weights_that_do_not_pair_are_refused():
    with pytest.raises(ValueError, match="zip"):
        AssignFunction([keras.Variable([1.0])])([])


def test_an_adam_step_is_the_one_by_hand():
    # m = 0.1 g, v = 0.001 g^2; alpha = lr sqrt(1 - 0.999^t) / (1 - 0.9^t); w -= alpha m / (sqrt(v) + epsilon).
    weight = keras.Variable([1.0, -1.0])
    apply = ApplyFunction(keras.optimizers.Adam(0.01, epsilon=1e-3), [weight])
    expected, m, v = np.array([1.0, -1.0]), np.zeros(2), np.zeros(2)
    for t, gradient in enumerate(np.array([[0.5, -0.02], [0.1, 0.0], [-3.0, 1e-4]]), start=1):
        apply([tf.constant(gradient, tf.float32)])
        m, v = 0.9 * m + 0.1 * gradient, 0.999 * v + 0.001 * gradient**2
        expected -= 0.01 * np.sqrt(1 - 0.999**t) / (1 - 0.9**t) * m / (np.sqrt(v) + 1e-3)
        np.testing.assert_allclose(weight.numpy(), expected, rtol=1e-5)


def test_the_fused_step_is_keras_own():
    generator = np.random.default_rng(0)
    start, gradients = generator.normal(size=(3, 4)), generator.normal(size=(5, 3, 4)).astype(np.float32)
    fused, plain = keras.Variable(start, dtype="float32"), keras.Variable(start, dtype="float32")
    ours, keras_own = (keras.optimizers.Adam(0.01, epsilon=1e-3) for _ in range(2))
    apply = ApplyFunction(ours, [fused])
    keras_own.build([plain])
    for gradient in gradients:
        apply([tf.constant(gradient)])
        keras_own.apply([tf.constant(gradient)])
    for found, expected in [(fused, plain), *zip(ours.variables, keras_own.variables, strict=True)]:
        np.testing.assert_allclose(found.numpy(), expected.numpy(), rtol=1e-5, atol=1e-6)


def test_arrays_are_taken_as_tensors_are():
    weight = keras.Variable([1.0, -1.0])
    AssignFunction([weight])([np.array([2.0, 3.0], np.float32)])
    assert weight.numpy().tolist() == [2.0, 3.0]
    ApplyFunction(keras.optimizers.Adam(0.1), [weight])([np.array([1.0, -1.0], np.float32)])
    assert weight.numpy().tolist() == pytest.approx([1.9, 3.1], abs=1e-4)
