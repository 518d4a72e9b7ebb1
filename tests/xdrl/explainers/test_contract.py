"""What every registered method owes its users."""

import numpy as np
import pytest
import tensorflow as tf

from xdrl.errors import UserError
from xdrl.explainers import METHODS, find_method
from xdrl.explainers.targets import parse_target, weigher
from xdrl.networks import variables_to_arrays

TARGETS = ["chosen", "value", "action:UP", "contrast", "contrast:UP"]
pytestmark = pytest.mark.parametrize("method", list(METHODS))


@pytest.fixture(scope="module", params=["a3c", "e-a3c"])
def any_agent(request, tiny):
    return tiny.make_agent(request.param, "DemonAttack")


@pytest.fixture(scope="module")
def seen(tiny, any_agent):
    """Four screens of the game and the core states they are seen with."""
    return tiny.play_randomly(any_agent, 4), tiny.random_state(any_agent, 4)


@pytest.mark.parametrize("target", [name.replace("UP", "RIGHT") for name in TARGETS])
def test_maps_are_finite_not_negative_and_described_by_peak_and_status(method, target, any_agent, seen):
    found = any_agent.explain(*seen, target, method)
    assert found.maps.shape == (4, *any_agent.network.torso.output_shape[1:3])
    assert found.maps.dtype == found.peaks.dtype == np.float32
    assert np.isfinite(found.maps).all() and found.maps.min() >= 0
    np.testing.assert_array_equal(found.peaks, found.maps.max((1, 2)))
    assert set(found.statuses) <= {"ok", "all_negative", "zero_gradient"}
    assert [status == "ok" for status in found.statuses] == (found.peaks > 0).tolist()


@pytest.mark.parametrize("target", ["chosen", "contrast", "value"])
def test_a_batch_explains_as_its_screens_one_by_one(method, target, any_agent, seen):
    screens, state = seen
    together = any_agent.explain(screens, state, target, method)
    for index in range(4):
        part = slice(index, index + 1)
        alone = any_agent.explain(screens[part], type(state)(state.h[part], state.c[part]), target, method)
        np.testing.assert_allclose(alone.maps[0], together.maps[index], atol=1e-4 * max(alone.peaks[0], 1e-6))
        assert alone.statuses[0] == together.statuses[index]


def test_a_map_is_about_the_action_that_is_given(method, any_agent, seen):
    names = any_agent.action_names
    for action in (0, len(names) - 1):
        taken = any_agent.explain(*seen, "chosen", method, np.full(4, action))
        np.testing.assert_allclose(taken.maps, any_agent.explain(*seen, f"action:{names[action]}", method).maps)
    first, last = (any_agent.explain(*seen, f"action:{name}", method).maps for name in (names[0], names[-1]))
    assert not np.allclose(first, last)


def test_a_method_makes_the_decision_that_the_agent_makes(method, any_agent, seen):
    screens, state = seen
    weigh = weigher(parse_target("chosen", any_agent.action_names))
    found = find_method(method)(any_agent.network, screens, *map(tf.constant, state), weigh)
    decision = any_agent.act(screens, state)
    np.testing.assert_allclose(found.logits, decision.logits, atol=1e-4)
    np.testing.assert_allclose(found.values, decision.values, atol=1e-4)
    np.testing.assert_allclose(found.next_h, decision.state.h, atol=1e-5)
    np.testing.assert_allclose(found.next_c, decision.state.c, atol=1e-5)


def test_a_method_leaves_the_network_as_it_is(method, any_agent, seen):
    before = variables_to_arrays(any_agent.network.weights)
    any_agent.explain(*seen, "chosen", method)
    for path, array in variables_to_arrays(any_agent.network.weights).items():
        np.testing.assert_array_equal(array, before[path])


def test_a_method_compiles_with_a_batch_of_any_size(method, any_agent, seen):
    screens, state = seen
    network = any_agent.network
    weigh = weigher(parse_target("contrast", any_agent.action_names))
    spec = tf.TensorSpec([None, network.core_size])
    compiled = tf.function(
        lambda frame, h, c: find_method(method)(network, frame, h, c, weigh).maps,
        input_signature=[tf.TensorSpec([None, 210, 160, 3], tf.uint8), spec, spec],
    )
    assert compiled(screens, *state).shape[0] == 4
    assert compiled(screens[:1], state.h[:1], state.c[:1]).shape[0] == 1


def test_a_method_that_does_not_exist_is_refused_with_those_that_do(method):
    with pytest.raises(UserError, match=f"expected a method of .*{method}.*, got 'tea-leaves'"):
        find_method("tea-leaves")
