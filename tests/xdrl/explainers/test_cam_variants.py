"""The CAM methods beside Grad-CAM, on a case worked out by hand."""

import numpy as np
import pytest
import tensorflow as tf

from xdrl.explainers import METHODS
from xdrl.explainers.subjects import Outputs, Subject, aim_at
from xdrl.targets import ACTION, CHOSEN, CONTRAST, VALUE, Target

# One screen, 2 x 2 cells, two channels, and the gradient of logit 0 by them.
FIRST, SECOND = np.array([[1, 2], [3, 4]]), np.array([[4, 0], [0, 2]])
FEATURE_MAP = np.stack([FIRST, SECOND], -1)[None].astype(np.float32)
GRADIENT = np.stack([[[1, 1], [0, 2]], [[-2, 0], [0, -2]]], -1).astype(np.float32)


FIRST_LOGIT = Target(ACTION, 0)


def explain(method: str, target: Target = FIRST_LOGIT, feature_map=FEATURE_MAP):
    """Logit 0 is linear in the cells, logit 1 constant, and the value is minus the first channel's sum."""

    def decide(feature_map, _):
        first = tf.reduce_sum(feature_map * GRADIENT, (1, 2, 3))
        logits = tf.stack([first, 7.0 + 0.0 * first], -1)
        return Outputs(logits, -tf.reduce_sum(feature_map[..., 0], (1, 2)), ())

    found = METHODS[method].function(Subject(tf.constant(feature_map), tf.identity, decide, aim_at(target)))
    return found.maps.numpy()[0], found.statuses.numpy()[0].decode()


def test_grad_cam_plus_plus_weighs_positive_gradients_by_how_rare_they_are():
    maps, status = explain("grad-cam++")
    # The first channel sums to 10. Where its gradient is 1, 1 / (2 + 10) in two cells; where it is 2, 2 / (2 + 20).
    np.testing.assert_allclose(maps, (2 / 12 + 1 / 11) * FIRST, rtol=1e-6)
    assert status == "ok", "no gradient of the second channel is positive: its weight is 0"


def test_hires_cam_multiplies_cell_by_cell():
    maps, status = explain("hires-cam")
    # [[1, 2], [0, 8]] of the first channel and [[-8, 0], [0, -4]] of the second.
    assert maps.tolist() == [[0, 2], [0, 4]] and status == "ok"


def test_layer_cam_leaves_negative_gradients_out():
    maps, status = explain("layer-cam")
    assert maps.tolist() == [[1, 2], [0, 8]] and status == "ok"


@pytest.mark.parametrize("method", ["grad-cam++", "hires-cam", "layer-cam"])
def test_a_blank_map_says_why(method):
    assert explain(method, Target(VALUE))[1] == "all_negative"
    assert explain(method, Target(ACTION, 1))[1] == "zero_gradient"


def test_eigen_cam_projects_on_what_the_channels_share():
    # Cells by channels: A = [[1, 4], [2, 0], [3, 0], [4, 2]]; A^T A = [[30, 12], [12, 20]] has the eigenvalues
    # 38 and 12, and (3, 2) / sqrt(13) for the first.
    maps, status = explain("eigen-cam")
    np.testing.assert_allclose(maps, np.array([[11, 6], [9, 16]]) / np.sqrt(13), rtol=1e-5)
    assert status == "ok"
    np.testing.assert_array_equal(explain("eigen-cam", Target(VALUE))[0], maps)


def test_eigen_cam_is_positive_where_the_activations_are():
    # Before a ReLU: A = (2, -1, 0, 0) times (1, 1) in both channels; the vector is (1, 1) / sqrt(2).
    signed = np.stack([[[2, -1], [0, 0]]] * 2, -1)[None].astype(np.float32)
    for sign, expected in [(1, [[4, 0], [0, 0]]), (-1, [[0, 2], [0, 0]])]:
        maps, status = explain("eigen-cam", feature_map=sign * signed)
        np.testing.assert_allclose(maps, np.array(expected) / np.sqrt(2), atol=1e-6)
        assert status == "ok"


def test_eigen_cam_of_nothing_is_blank():
    maps, status = explain("eigen-cam", feature_map=0 * FEATURE_MAP)
    assert maps.max() == 0 and status == "zero_gradient"


OBSERVATION = np.array([[0, 1], [2, 4]], np.float32)[None, ..., None]


def seen_through_channels(target: Target, sign: float = 1.0, judges_actions: bool = False):
    """The channels are x and 4 - x; the value is 7 more than the sum of x, logit 0 the sum and logit 1 nought."""

    def decide(_, observation):
        total = sign * tf.reduce_sum(observation, (1, 2, 3))
        return Outputs(tf.stack([total, 0 * total], -1), total + 7, ())

    observation = tf.constant(OBSERVATION)
    aim = aim_at(target, judges_actions=judges_actions)
    subject = Subject(observation, lambda seen: tf.concat([seen, 4 - seen], -1), decide, aim)
    found = METHODS["score-cam"].function(subject)
    return found.maps.numpy()[0], found.statuses.numpy()[0].decode()


def test_score_cam_weighs_channels_by_the_value_they_let_through():
    # x times x / 4 sums to 0 + 1/4 + 1 + 4 = 5.25, x times (4 - x) / 4 to 0 + 3/4 + 1 + 0 = 1.75: both are what the
    # value lies above the 7 of a blank observation. 5.25 x + 1.75 (4 - x) = 7 + 3.5 x.
    maps, status = seen_through_channels(Target(VALUE))
    np.testing.assert_allclose(maps, [[7, 10.5], [14, 21]], rtol=1e-5)
    assert status == "ok"
    assert seen_through_channels(Target(VALUE), sign=-1)[1] == "all_negative"
    assert seen_through_channels(Target(VALUE), sign=0)[1] == "zero_gradient"


def test_score_cam_weighs_channels_by_the_q_value_they_let_through():
    # A Q-value is a score and no logit: 5.25 and 1.75 more than the 0 of a blank observation.
    maps, _ = seen_through_channels(Target(ACTION, 0), judges_actions=True)
    np.testing.assert_allclose(maps, [[7, 10.5], [14, 21]], rtol=1e-5)


def test_score_cam_weighs_channels_by_the_probability_of_an_action():
    first, second = (1 / (1 + np.exp(-total)) for total in (5.25, 1.75))
    x = OBSERVATION[0, ..., 0]
    np.testing.assert_allclose(seen_through_channels(Target(CHOSEN))[0], first * x + second * (4 - x), rtol=1e-5)
    # The contrast with the only other action: p - (1 - p) = 2 p - 1.
    expected = (2 * first - 1) * x + (2 * second - 1) * (4 - x)
    np.testing.assert_allclose(seen_through_channels(Target(CONTRAST))[0], expected, rtol=1e-5)
