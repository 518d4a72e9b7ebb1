"""Grad-CAM against a case worked out by hand, and against tf-keras-vis."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from xdrl.explainers.grad_cam import explain_feature_map, grad_cam
from xdrl.explainers.maps import SINGLE_SCREEN_FLOOR, normalise
from xdrl.explainers.subjects import Outputs, Subject, aim_at, network_subject
from xdrl.targets import ACTION, CHOSEN, CONTRAST, VALUE, Target

# One screen, 2 x 2 cells, two channels: A1 = [[1, 2], [3, 4]], A2 = [[4, 0], [0, 2]].
FEATURE_MAP = np.stack([[[1, 2], [3, 4]], [[4, 0], [0, 2]]], -1)[None].astype(np.float32)
# d logit0 / dA1 = [[1, 1], [0, 2]], mean 1; d logit0 / dA2 = [[-2, 0], [0, -2]], mean -1.
LOGIT_GRADIENT = np.stack([[[1, 1], [0, 2]], [[-2, 0], [0, -2]]], -1).astype(np.float32)
# Sum of channels: A1 - A2 = [[-3, 2], [3, 2]]; the ReLU leaves:
HAND_MAP = [[0, 2], [3, 2]]


def hand_subject(target: Target, feature_map: tf.Tensor) -> Subject:
    """Two logits and a value: logit 0 is linear in the cells, logit 1 constant, the value is -sum(A1)."""

    def decide(feature_map, _):
        first = tf.reduce_sum(feature_map * LOGIT_GRADIENT, (1, 2, 3))
        logits = tf.stack([first, 7.0 + 0.0 * first], -1)
        return Outputs(logits, -tf.reduce_sum(feature_map[..., 0], (1, 2)), ())

    return Subject(feature_map, tf.identity, decide, aim_at(target))


def hand_map(target: Target, scale: float = 1.0):
    feature_map = tf.constant(scale * FEATURE_MAP)
    return explain_feature_map(hand_subject(target, feature_map), feature_map)


def status(found) -> str:
    return found.statuses.numpy()[0].decode()


def test_the_map_of_a_case_worked_out_by_hand():
    found = hand_map(Target(ACTION, 0))
    assert found.maps.numpy().tolist() == [HAND_MAP]
    assert found.peaks.numpy().tolist() == [3]
    assert status(found) == "ok"
    np.testing.assert_allclose(normalise(found.maps, found.peaks)[0], [[0, 2 / 3], [1, 2 / 3]], rtol=1e-6)


def test_the_decision_comes_with_the_map():
    found = hand_map(Target(ACTION, 0))
    # 1 + 2 + 0 + 8 from A1, -8 - 4 from A2.
    assert found.outputs.logits.numpy().tolist() == [[-1, 7]]
    assert found.outputs.values.numpy().tolist() == [-10]


def test_a_map_that_only_speaks_against_the_target_is_blank_and_says_so():
    found = hand_map(Target(VALUE))
    assert (found.maps.numpy().max(), found.peaks.numpy()[0], status(found)) == (0, 0, "all_negative")


def test_a_target_that_nothing_seen_matters_to_is_blank_and_says_so():
    found = hand_map(Target(ACTION, 1))
    assert (found.maps.numpy().max(), found.peaks.numpy()[0], status(found)) == (0, 0, "zero_gradient")


def test_a_blank_map_stays_blank_when_it_is_normalised():
    found = hand_map(Target(VALUE))
    assert normalise(found.maps, found.peaks).numpy().tolist() == [[[0, 0], [0, 0]]]


def test_noise_below_the_floor_is_not_blown_up():
    found = hand_map(Target(ACTION, 0), scale=1e-9)
    assert found.peaks.numpy()[0] == pytest.approx(3e-9)
    assert normalise(found.maps, found.peaks).numpy().max() == pytest.approx(3e-9 / SINGLE_SCREEN_FLOOR)


def test_a_floor_of_the_episode_makes_a_weak_map_look_weak():
    found = hand_map(Target(ACTION, 0))
    assert normalise(found.maps, found.peaks, 12.0).numpy().max() == pytest.approx(0.25)
    assert normalise(found.maps, found.peaks, 2.0).numpy().max() == 1


@pytest.fixture(scope="module", params=["a3c", "e-a3c"])
def any_agent(request, tiny):
    return tiny.make_agent(request.param, seed=1)


def oracle_maps(model, observations, score):
    """Returns the maps of tf-keras-vis."""
    from tf_keras_vis.gradcam import Gradcam

    return np.asarray(
        Gradcam(model, clone=False)(
            score,
            observations,
            penultimate_layer="penultimate",
            seek_penultimate_conv_layer=False,
            expand_cam=False,
            normalize_cam=False,
        )
    )


@pytest.mark.parametrize("target", ["chosen", "action:LEFT", "value"])
def test_maps_are_those_of_tf_keras_vis(tiny, any_agent, screens, target, one_output_model):
    state = tiny.random_state(any_agent, 1)
    states = type(state)(*(np.repeat(part, len(screens), 0) for part in state))
    actions = {
        "chosen": any_agent.act(screens, states).actions,
        "action:LEFT": [any_agent.action_names.index("LEFT")] * len(screens),
        "value": [0] * len(screens),
    }[target]

    def score(output):
        return [output[index][action] for index, action in enumerate(actions)]

    model = one_output_model(any_agent, state, 1 if target == "value" else 0)
    expected = oracle_maps(model, any_agent.network.preprocess(screens), score)
    found = any_agent.explain(screens, states, target)
    assert found.maps.shape == expected.shape
    assert (found.peaks > 0).any(), "nothing to compare"
    peaks = expected.max((1, 2))
    np.testing.assert_allclose(found.peaks, peaks, rtol=1e-3, atol=1e-6)
    np.testing.assert_allclose(normalise(found.maps, found.peaks), normalise(expected, peaks), atol=1e-3)


def test_the_map_of_a_contrast_is_the_difference_of_two_maps_before_the_relu(tiny, any_agent, screens):
    state = [tf.constant(part) for part in tiny.random_state(any_agent, len(screens))]
    actions = np.array([0, 1, 2, 3, 4])

    def signed(target):
        """The map before its ReLU: that of the target less that of its opposite."""
        subject = network_subject(any_agent.network, screens, state, target, actions)

        def opposite(outputs):
            goal = subject.aim(outputs)
            return dataclasses.replace(goal, score=lambda found: -goal.score(found))

        found, against = grad_cam(subject), grad_cam(dataclasses.replace(subject, aim=opposite))
        return found.maps.numpy() - against.maps.numpy()

    difference = signed(Target(CHOSEN)) - signed(Target(ACTION, 5))
    assert difference.min() < 0 < difference.max()
    np.testing.assert_allclose(signed(Target(CONTRAST, 5)), difference, atol=1e-4 * np.abs(difference).max())


def test_a_policy_without_weights_leaves_no_gradient(tiny, screens):
    agent = tiny.make_agent()
    agent.network.policy_head.kernel.assign(np.zeros(agent.network.policy_head.kernel.shape))
    found = agent.explain(screens)
    assert found.statuses == ["zero_gradient"] * 5
    assert found.maps.max() == found.peaks.max() == 0
    assert agent.explain(screens, target="value").statuses != ["zero_gradient"] * 5


@pytest.mark.parametrize("kind", ["a3c", "e-a3c"])
@pytest.mark.parametrize(("sign", "expected"), [(1.0, "ok"), (-1.0, "all_negative")])
def test_a_policy_that_all_features_speak_against_is_all_negative(tiny, screens, kind, sign, expected):
    agent = tiny.make_agent(kind)
    tiny.make_monotone(agent, sign)
    found = agent.explain(screens)
    assert found.statuses == [expected] * 5
    assert (found.maps.max() > 0) == (found.peaks.max() > 0) == (expected == "ok")


def test_the_core_state_changes_the_map(tiny, agent, screens):
    assert not np.allclose(agent.explain(screens).maps, agent.explain(screens, tiny.random_state(agent, 5)).maps)
