"""Saliency, SmoothGrad and integrated gradients on cases worked out by hand, and on a network."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from xdrl.explainers import METHODS
from xdrl.explainers.smooth_grad import NOISE, NUM_SAMPLES
from xdrl.explainers.subjects import Outputs, Subject, aim_at, network_subject
from xdrl.targets import CHOSEN, CONTRAST, VALUE, Target

# One observation of 1 x 3 pixels with two channels, and a weight for each number.
X = np.array([[[1, 0], [-2, 1], [0, 3]]], np.float32)[None]
WEIGHTS = np.array([[[3, -5], [2, 1], [0, 0]]], np.float32)


def explain(method: str, power: int, kind: str = VALUE):
    """The value is the sum of w x^power."""

    def decide(feature_map, _):
        values = tf.reduce_sum(WEIGHTS * feature_map**power, (1, 2, 3))
        return Outputs(tf.zeros((1, 2)), values, ())

    found = METHODS[method].function(Subject(tf.constant(X), tf.identity, decide, aim_at(Target(kind))))
    return found.maps.numpy()[0], found.statuses.numpy()[0].decode()


def test_saliency_is_the_largest_absolute_gradient_of_a_pixel():
    assert explain("saliency", 1)[0].tolist() == [[5, 2, 0]]
    # 2 w x: [6, 0], [-8, 2] and nought.
    maps, status = explain("saliency", 2)
    assert maps.tolist() == [[6, 8, 0]] and status == "ok"


@pytest.mark.parametrize("method", ["saliency", "smooth-grad", "integrated-gradients"])
def test_what_does_not_matter_leaves_no_gradient(method):
    maps, status = explain(method, 1, CHOSEN)
    assert maps.max() == 0 and status == "zero_gradient"


def test_smooth_grad_of_a_plane_is_its_slope():
    np.testing.assert_allclose(explain("smooth-grad", 1)[0], [[5, 2, 0]], rtol=1e-5)


def test_smooth_grad_of_a_parabola_is_its_slope_and_a_little_noise():
    maps, status = explain("smooth-grad", 2)
    # 2 w (x + noise); the mean noise deviates by 0.15 of the range from -2 to 3 over the root of the samples.
    tolerance = 4 * 2 * 5 * NOISE * 5 / np.sqrt(NUM_SAMPLES)
    np.testing.assert_allclose(maps, [[6, 8, 0]], atol=tolerance)
    assert np.abs(maps - [[6, 8, 0]]).max() > 0.01 and status == "ok"


def test_integrated_gradients_of_powers_are_the_terms_themselves():
    # w x: [3, 0], [-4, 1], nought. The pixels' sums: 3, -3, 0.
    np.testing.assert_allclose(explain("integrated-gradients", 1)[0], [[3, 0, 0]], rtol=1e-5)
    # w x^2: [3, 0], [8, 1], nought; the slope is linear on the way, so that the midpoints are exact.
    maps, status = explain("integrated-gradients", 2)
    np.testing.assert_allclose(maps, [[3, 9, 0]], rtol=1e-5)
    assert status == "ok"


def opposite(subject: Subject) -> Subject:
    """The same with what speaks against the target in place of what speaks for it."""

    def aim(outputs):
        goal = subject.aim(outputs)
        return dataclasses.replace(goal, score=lambda found: -goal.score(found))

    return dataclasses.replace(subject, aim=aim)


def test_integrated_gradients_add_up_to_the_change_of_the_score(tiny, agent, screens):
    state = map(tf.constant, tiny.random_state(agent, 5))
    subject = network_subject(agent.network, screens, state, Target(CONTRAST))
    method = METHODS["integrated-gradients"].function
    total = tf.reduce_sum(method(subject).maps - method(opposite(subject)).maps, (1, 2))
    outputs, blank = (subject.run(seen) for seen in (subject.observation, tf.zeros_like(subject.observation)))
    score = subject.aim(outputs).score
    change = (score(outputs) - score(blank)).numpy()
    assert np.abs(change).max() > 0.1
    np.testing.assert_allclose(total, change, atol=0.03 * np.abs(change).max())
