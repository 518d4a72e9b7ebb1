import base64
import json
import zlib

import numpy as np
import pytest

from xdrl.backgrounds import decode_background, encode_background, measure_background
from xdrl.errors import UserError


def luminance_text(luminance: np.ndarray) -> str:
    """A background as older agents have it."""
    return base64.b64encode(zlib.compress(luminance.astype("<f2").tobytes())).decode()


def test_a_background_is_read_as_it_was_written():
    screen = np.random.default_rng(0).integers(0, 256, (210, 160, 3), np.uint8)
    found = decode_background(json.loads(json.dumps(encode_background(screen))))
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, screen)


def test_the_luminance_of_an_older_agent_is_read():
    picture = np.linspace(0, 1, 6400).reshape(80, 80)
    found = decode_background(luminance_text(picture))
    assert (found.shape, found.dtype) == ((80, 80), np.float32)
    np.testing.assert_allclose(found, picture, atol=5e-4)


def test_one_colour_takes_little_room():
    assert len(encode_background(np.full((210, 160, 3), 87, np.uint8))) < 300


@pytest.mark.parametrize("count", [5, 6])
def test_what_stands_still_is_what_most_screens_have(count: int):
    screens = np.full((count, 210, 160, 3), 87, np.uint8)
    screens[:2, 50:60] = 200  # a ball, on the fewer screens
    screens[-1, :, 80] = 3
    np.testing.assert_array_equal(measure_background(screens), np.full((210, 160, 3), 87))


def test_the_median_of_two_colours_is_one_of_them():
    screens = np.zeros((4, 210, 160, 3), np.uint8)
    screens[2:] = 101
    assert set(np.unique(measure_background(screens))) <= {0, 101}


def test_no_text_is_no_background():
    assert not decode_background("").any()


@pytest.mark.parametrize(
    "text",
    ["not base 64!", "AAAA", base64.b64encode(zlib.compress(bytes(10))).decode()],
    ids=["text", "bytes", "short"],
)
def test_another_text_is_refused(text: str):
    with pytest.raises(UserError, match="expected a background of 210 x 160 pixels, compressed, in base 64, got: "):
        decode_background(text)
