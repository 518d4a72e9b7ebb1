import base64
import json
import zlib

import numpy as np
import pytest

from xdrl.backgrounds import decode_background, encode_background
from xdrl.errors import UserError


def test_a_background_is_read_as_it_was_written():
    picture = np.linspace(0, 1, 6400).reshape(80, 80)
    found = decode_background(json.loads(json.dumps(encode_background(picture))))
    assert (found.shape, found.dtype) == ((80, 80), np.float32)
    np.testing.assert_allclose(found, picture, atol=5e-4)


def test_one_colour_takes_little_room():
    assert len(encode_background(np.full((80, 80), 0.34))) < 100


def test_no_text_is_no_background():
    assert not decode_background("").any()


@pytest.mark.parametrize(
    "text",
    ["not base 64!", "AAAA", base64.b64encode(zlib.compress(bytes(10))).decode()],
    ids=["text", "bytes", "short"],
)
def test_another_text_is_refused(text: str):
    with pytest.raises(UserError, match="expected a background of 80 x 80 pixels, compressed, in base 64, got: "):
        decode_background(text)
