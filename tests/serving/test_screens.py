"""A screen becomes a PNG, and a core state decimals, with nothing lost."""

import io
import json

import numpy as np
import pytest
from PIL import Image

from serving.screens import encode_png, shortest_decimals


@pytest.mark.parametrize("scale", [1.0, 1e-30, 1e30])
def test_decimals_read_back_as_the_same_numbers(scale):
    bits = np.random.default_rng(0).integers(0, 2**32, 20_000, dtype=np.uint32)
    anything = bits.view(np.float32)
    singles = np.concatenate([anything[np.isfinite(anything)], np.random.default_rng(1).normal(0, scale, 20_000)])
    singles = singles.astype(np.float32)
    text = json.dumps(shortest_decimals(singles))
    np.testing.assert_array_equal(np.array(json.loads(text), np.float64).astype(np.float32), singles)
    assert shortest_decimals(np.array([0.2, -0.1, 0, 1e-40], np.float32)) == [0.2, -0.1, 0, 1e-40]


@pytest.mark.parametrize("shape", [(210, 160, 3), (1, 1, 3), (3, 500, 3)])
def test_a_png_holds_its_screen(shape):
    screen = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    with Image.open(io.BytesIO(encode_png(screen))) as picture:
        assert (picture.format, picture.mode) == ("PNG", "RGB")
        np.testing.assert_array_equal(np.asarray(picture), screen)
