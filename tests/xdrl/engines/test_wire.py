import numpy as np
import pytest
import tensorflow as tf

from xdrl.engines.wire import count_bytes, decode, encode


def test_float32_is_sent_as_it_is():
    tensors = [tf.constant([1.0, 1e-30]), tf.constant([[3.14159]])]
    arrays = encode(tensors, "float32")
    assert count_bytes(arrays) == 12
    for found, tensor in zip(decode(arrays), tensors, strict=True):
        np.testing.assert_array_equal(found, tensor)


def test_bfloat16_is_half_of_it_and_rounds_to_the_nearest():
    # Eight bits of mantissa: above 1, steps of 1/128; a tie goes to the even neighbour.
    sent = [1.0, 1.0 + 1 / 128, 1.0 + 1 / 300, 1.0 + 1 / 256, 1.0 + 3 / 256, -2.5e-8, float("nan")]
    arrays = encode([np.array(sent, np.float32)], "bfloat16")
    assert count_bytes(arrays) == 2 * len(sent)
    (found,) = decode(arrays)
    assert found.dtype == np.float32
    assert found[:5].tolist() == [1.0, 1.0 + 1 / 128, 1.0, 1.0, 1.0 + 2 / 128]
    assert found[5] == pytest.approx(-2.5e-8, rel=1 / 256) and np.isnan(found[6])
