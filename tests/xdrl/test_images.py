"""What stands where images do: files and pictures become arrays, and what is neither is refused in one line."""

import numpy as np
import pytest
from PIL import Image

from xdrl.errors import UserError
from xdrl.images import as_batch, read_images

PIXELS = np.random.default_rng(0).integers(0, 256, (6, 4, 3)).astype(np.uint8)


@pytest.mark.parametrize(("mode", "channels"), [("RGB", 3), ("L", 1), ("RGBA", 4)])
def test_a_picture_has_the_channels_that_are_asked_for(tmp_path, mode, channels):
    Image.fromarray(PIXELS).save(tmp_path / "picture.png")
    for given in (tmp_path / "picture.png", Image.fromarray(PIXELS)):
        found = read_images(given, mode)
        assert found.dtype == np.uint8 and found.shape == (6, 4, channels)
        assert channels == 1 or (found[..., :3] == PIXELS).all()


def test_one_image_is_a_batch_of_one_and_all_else_stays_as_it_is():
    assert as_batch(PIXELS).shape == (1, 6, 4, 3)
    assert as_batch(PIXELS[None]).shape == (1, 6, 4, 3)
    np.testing.assert_array_equal(read_images([Image.fromarray(PIXELS)] * 2), [PIXELS] * 2)


def test_what_is_no_picture_is_refused_in_one_line(tmp_path):
    (tmp_path / "words.txt").write_text("no picture")
    Image.fromarray(PIXELS.repeat(50, 0)).save(tmp_path / "half.png")
    (tmp_path / "half.png").write_bytes((tmp_path / "half.png").read_bytes()[:-60])
    for name, reason in (("missing.png", "No such file"), ("words.txt", "which is none"), ("half.png", "")):
        with pytest.raises(UserError, match=f"expected an image file, got .*{name}.*{reason}") as error:
            read_images(tmp_path / name)
        assert "\n" not in str(error.value)
    with pytest.raises(UserError, match="expected an image file"):
        read_images(str(tmp_path))
    with pytest.raises(UserError, match="expected images of one shape"):
        read_images([PIXELS, PIXELS[1:]])
