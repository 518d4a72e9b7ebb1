import keras
import numpy as np
import tensorflow as tf

from xdrl.backends.tensorflow.core import CoreOutputs, core_gradients
from xdrl.cores import LSTMCore, activate

STEPS, ENVS, FEATURES, UNITS = 5, 3, 4, 6


def test_gradients_are_those_of_a_tape_over_the_steps():
    generator = np.random.default_rng(0)

    def draw(*shape: int) -> tf.Tensor:
        return tf.constant(generator.normal(size=shape), tf.float32)

    core = LSTMCore(UNITS, keras.random.SeedGenerator(0))
    core.build((None, FEATURES))
    core.bias.assign(draw(4 * UNITS))
    features, upstream = draw(STEPS, ENVS, FEATURES), draw(STEPS, ENVS, UNITS)
    first_h, first_c = draw(ENVS, UNITS), draw(ENVS, UNITS)
    is_first = tf.constant(generator.random((STEPS, ENVS)) < 0.3)
    assert 0 < np.count_nonzero(is_first[1:]) < (STEPS - 1) * ENVS
    weights = [core.kernel.value, core.recurrent_kernel.value, core.bias.value]
    with tf.GradientTape() as tape:
        tape.watch(features)
        total = tf.reduce_sum(core.unroll(features, first_h, first_c, is_first) * upstream)
    by_features, *by_weights = tape.gradient(total, [features, *weights])

    kept, state_h, state_c = [], first_h, first_c
    for t in range(STEPS):
        keep = 1.0 - tf.cast(is_first[t], tf.float32)[:, None]
        gates = core.gates(features[t], state_h * keep)
        kept.append(CoreOutputs(state_h * keep, state_c * keep, gates))
        state_h, state_c = activate(gates, state_c * keep)
    outputs = CoreOutputs(*(tf.stack(field) for field in zip(*kept, strict=True)))
    found = core_gradients(core, tf.reshape(features, (-1, FEATURES)), outputs, is_first, upstream)

    expected = [tf.reshape(by_features, (-1, FEATURES)), *by_weights]
    for name, gradient, exact in zip(found._fields, found, expected, strict=True):
        assert np.abs(exact).max() > 0.1
        np.testing.assert_allclose(gradient, exact, atol=1e-5, err_msg=name)
