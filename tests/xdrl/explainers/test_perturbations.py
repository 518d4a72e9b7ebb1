"""Occlusion, blur and SARFA: the grid and the blur they share, and cases worked out by hand."""

import numpy as np
import pytest
import tensorflow as tf

from xdrl.explainers import METHODS
from xdrl.explainers.perturbations import blur_matrix, blur_observation, bumps, patches
from xdrl.explainers.subjects import Outputs, Subject, aim_at
from xdrl.targets import ACTION, CHOSEN, CONTRAST, VALUE, Target


def explain(method: str, decide, observation: np.ndarray, target: Target):
    subject = Subject(tf.constant(observation), tf.identity, decide, aim_at(target))
    found = METHODS[method].function(subject)
    return found.maps.numpy()[0], found.statuses.numpy()[0].decode()


@pytest.mark.parametrize(("size", "places"), [(80, 10), (25, 10), (4, 4), (1, 1)])
def test_each_pixel_is_in_one_patch_and_no_patch_is_empty(size, places):
    masks = patches(size)
    assert masks.shape == (places, size) and set(np.unique(masks)) <= {0, 1}
    assert (masks.sum(0) == 1).all() and masks.sum(1).min() >= size // places
    assert (np.diff(masks.argmax(0)) >= 0).all(), "a patch is in one piece"


def test_an_observation_of_80_is_cut_every_8_pixels():
    assert np.flatnonzero(patches(80)[3]).tolist() == list(range(24, 32))
    # The bump over it has its centre between the pixels 27 and 28, and a deviation of 5.
    bump = bumps(80)[3]
    np.testing.assert_allclose(bump[[27, 28, 33, 22]], np.exp([-0.005, -0.005, -0.605, -0.605]), rtol=1e-5)


def test_the_blur_is_scipys_inside_and_keeps_a_plain_observation_plain():
    from scipy.ndimage import gaussian_filter

    pixels = np.random.default_rng(0).normal(size=(80, 80)).astype(np.float32)
    blurred = blur_observation(tf.constant(pixels[None, ..., None])).numpy()[0, ..., 0]
    np.testing.assert_allclose(blurred[14:66, 14:66], gaussian_filter(pixels, 3)[14:66, 14:66], atol=1e-3)
    np.testing.assert_allclose(blur_matrix(80).sum(1), 1, rtol=1e-5)


# 20 x 20 pixels, patches of 2 x 2: each pixel is worth its weight, and its value is 1.
ONES, CELL = np.ones((1, 20, 20, 1), np.float32), np.zeros((20, 20, 1), np.float32)
CELL[4, 6], CELL[5, 7], CELL[10, 10] = 3, 0.5, -2


@pytest.mark.parametrize(("sign", "peak"), [(1, 3.5), (-1, 2)])
def test_occlusion_is_what_the_patch_was_worth(sign, peak):
    def decide(feature_map, _):
        return Outputs(tf.zeros((1, 2)), tf.reduce_sum(sign * CELL * feature_map, (1, 2, 3)), ())

    expected = np.zeros((10, 10))
    # Rows 4 and 5, columns 6 and 7 are one patch, 3 + 0.5; row and column 10 lie in another, -2.
    expected[(2, 3) if sign == 1 else (5, 5)] = peak
    maps, status = explain("occlusion", decide, ONES, Target(VALUE))
    np.testing.assert_allclose(maps, expected, atol=1e-6)
    assert status == "ok"


@pytest.mark.parametrize(("slope", "expected"), [(-1.0, "all_negative"), (0.0, "zero_gradient")])
def test_an_occlusion_that_never_hurts_is_blank_and_says_why(slope, expected):
    def decide(feature_map, _):
        return Outputs(tf.zeros((1, 2)), slope * tf.reduce_sum(feature_map, (1, 2, 3)), ())

    maps, status = explain("occlusion", decide, ONES, Target(VALUE))
    assert maps.max() == 0 and status == expected


# One bright pixel in the dark.
PIXEL = np.zeros((1, 80, 80, 1), np.float32)
PIXEL[0, 27, 52] = 1.0


def read_pixel(feature_map, _):
    """Logits x and 2 x, value -x of the bright pixel."""
    pixel = feature_map[:, 27, 52, 0]
    return Outputs(tf.stack([pixel, 2 * pixel], -1), -pixel, ())


@pytest.mark.parametrize(
    ("target", "factor"),
    # With d the change of the pixel: (d^2 + (2 d)^2) / 2, d^2 / 2, (2 d)^2 / 2, and (2 d - d)^2 / 2.
    [(Target(CHOSEN), 2.5), (Target(VALUE), 0.5), (Target(ACTION, 1), 2), (Target(CONTRAST), 0.5)],
)
def test_blur_is_half_the_squared_movement_of_what_is_asked_about(target, factor):
    from scipy.ndimage import gaussian_filter

    change = gaussian_filter(PIXEL[0, ..., 0], 3, truncate=8)[27, 52] - 1
    rows, columns = (np.exp(-((np.arange(10) * 8 + 3.5 - at) ** 2) / (2 * 5**2)) for at in (27, 52))
    maps, status = explain("blur", read_pixel, PIXEL, target)
    np.testing.assert_allclose(maps, factor * (np.outer(rows, columns) * change) ** 2, rtol=1e-3, atol=1e-7)
    assert np.unravel_index(maps.argmax(), maps.shape) == (3, 6) and status == "ok"


def test_a_blur_that_changes_nothing_is_blank():
    maps, status = explain("blur", read_pixel, 0 * PIXEL, Target(CHOSEN))
    assert maps.max() == 0 and status == "zero_gradient"


def policies(before, after):
    """A policy that changes as soon as the bright pixel fades."""

    def decide(feature_map, _):
        is_bright = feature_map[:, 27, 52] > 0.9
        return Outputs(tf.where(is_bright, np.log([before]), np.log([after])), tf.zeros(1), ())

    return decide


def sarfa(before, after, kind=CHOSEN, action=None):
    before, after = np.float32(before), np.float32(after)
    maps, status = explain("sarfa", policies(before, after), PIXEL, Target(kind, action))
    return maps[3, 6], maps[8, 1], status


def test_sarfa_is_the_harmonic_mean_of_drop_and_relevance():
    # The action falls from 0.5 to 0.2. The others are 0.6 and 0.4 among themselves, and 0.75 and 0.25 after:
    # KL = 0.75 ln(0.75 / 0.6) + 0.25 ln(0.25 / 0.4) = 0.049857, K = 1 / 1.049857 = 0.952511,
    # and 2 x 0.952511 x 0.3 / 1.252511 = 0.456289.
    near, far, status = sarfa([0.5, 0.3, 0.2], [0.2, 0.6, 0.2])
    assert near == pytest.approx(0.456289, abs=1e-5) and far == 0 and status == "ok"


def test_sarfa_of_a_change_that_only_this_action_feels_is_larger():
    # The others keep their shares: K = 1, and 2 x 0.3 / 1.3.
    assert sarfa([0.5, 0.3, 0.2], [0.2, 0.48, 0.32])[0] == pytest.approx(0.6 / 1.3, abs=1e-5)


def test_sarfa_of_a_contrast_is_about_two_actions_alone():
    # 0.5 against 0.3 is 0.625 of the two, 0.2 against 0.6 is 0.25: the drop is 0.375, and 0.75 / 1.375.
    expected = pytest.approx(0.75 / 1.375, abs=1e-5)
    assert sarfa([0.5, 0.3, 0.2], [0.2, 0.6, 0.2], CONTRAST)[0] == expected
    assert sarfa([0.5, 0.2, 0.3], [0.2, 0.2, 0.6], CONTRAST, 2)[0] == expected


@pytest.mark.parametrize(("after", "expected"), [([0.8, 0.1, 0.1], "all_negative"), ([0.5, 0.3, 0.2], "zero_gradient")])
def test_sarfa_is_blank_where_blurring_does_not_take_from_the_action(after, expected):
    near, _, status = sarfa([0.5, 0.3, 0.2], after)
    assert near == 0 and status == expected
