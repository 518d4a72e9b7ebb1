"""The screen as other libraries show it: OpenCV's gray and average by area, in numbers to follow by hand."""

import zlib

import numpy as np
import pytest

from xdrl.warping import WarpedScreen, area_taps


def test_the_shares_of_pixels_that_straddle_an_edge():
    places, shares = area_taps(5, 2)
    assert places.T.tolist() == [[0, 1, 2], [2, 3, 4]]
    np.testing.assert_allclose(shares.T, [[0.4, 0.4, 0.2], [0.2, 0.4, 0.4]], rtol=1e-6)


@pytest.mark.parametrize(("size", "longest"), [(160, 3), (210, 3)])
def test_every_average_is_of_shares_that_add_up_to_1(size: int, longest: int):
    places, shares = area_taps(size, 84)
    assert places.shape == shares.shape == (longest, 84)
    assert (places.min(), places.max()) == (0, size - 1)
    np.testing.assert_allclose(shares.sum(0), 1, rtol=1e-6)


@pytest.mark.parametrize(("colour", "gray"), [((255, 0, 0), 76), ((0, 255, 0), 150), ((0, 0, 255), 29)])
@pytest.mark.parametrize("gray_first", [True, False])
def test_colours_become_the_gray_that_opencv_makes_of_them(colour: tuple, gray: int, gray_first: bool):
    screens = np.broadcast_to(np.array(colour, np.uint8), (1, 210, 160, 3))
    warped = np.asarray(WarpedScreen(gray_first)(screens))
    assert (warped.shape, warped.dtype) == ((1, 84, 84, 1), np.uint8)
    assert (warped == gray).all()


@pytest.mark.parametrize(
    ("height", "width", "is_gray", "check"),
    [
        (96, 96, False, 1039599092),
        (105, 80, True, 1140261484),
        (70, 80, False, 323721697),
        (210, 160, True, 4224266026),
    ],
)
def test_other_sizes_and_colours_equal_opencv_to_the_bit(height: int, width: int, is_gray: bool, check: int):
    # The checksums are of OpenCV 4's cvtColor and resize(INTER_AREA); it adds up blocks of whole pixels otherwise.
    screens = np.random.default_rng(0).integers(0, 256, (1, 210, 160, 3)).astype(np.uint8)
    warped = np.asarray(WarpedScreen(True, height, width, is_gray)(screens))
    assert warped.shape == (1, height, width, 1 if is_gray else 3)
    assert zlib.crc32(np.ascontiguousarray(warped).tobytes()) == check


def test_the_order_of_gray_and_size_makes_a_difference():
    screens = np.random.default_rng(0).integers(0, 256, (1, 210, 160, 3)).astype(np.uint8)
    first, last = (np.asarray(WarpedScreen(order)(screens)).astype(int) for order in (True, False))
    assert 0 < np.abs(first - last).max() <= 2
