import zlib

import numpy as np

from xdrl.storage.rounding import round_weights


def test_numbers_go_to_the_nearest_one_with_a_short_mantissa():
    # Between 1 and 2 the step is 1 / 256; half a step goes to the even neighbour.
    values = np.array([1.0, 1 + 1 / 512, 1 + 3 / 512, 1 + 1.01 / 512, -1 - 0.9 / 512, 0.0, 3e-30], np.float32)
    found = round_weights({"a": values})["a"]
    assert found.dtype == np.float32
    assert found[:6].tolist() == [1.0, 1.0, 1 + 4 / 512, 1 + 2 / 512, -1.0, 0.0]
    assert abs(found[6] / 3e-30 - 1) < 2**-9


def test_rounding_again_changes_nothing_and_halves_what_is_compressed():
    weights = {"a": np.random.default_rng(0).normal(0, 0.05, (300, 200)).astype(np.float32)}
    once = round_weights(weights)
    np.testing.assert_array_equal(round_weights(once)["a"], once["a"])
    assert np.abs(once["a"] / weights["a"] - 1).max() <= 2**-9
    assert len(zlib.compress(once["a"].tobytes())) < 0.58 * len(zlib.compress(weights["a"].tobytes()))
