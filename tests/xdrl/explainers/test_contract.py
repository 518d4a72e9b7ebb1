"""What every registered method owes its users."""

import re

import numpy as np
import pytest
import tensorflow as tf

from tests.method_kinds import EVERY_METHOD
from xdrl.backends.tensorflow import step_input_signature
from xdrl.errors import UserError
from xdrl.explainers import METHODS, find_method
from xdrl.explainers.subjects import network_subject
from xdrl.networks import variables_to_arrays
from xdrl.targets import Target

TOLERANCES = {"smooth-grad": 0.02}
"""Of a map's peak: over many gradients rounding tips a ReLU or a pool to the other side now and then."""
pytestmark = pytest.mark.parametrize("method", EVERY_METHOD)


def in_turn(*targets, fast):
    """Some targets; all but the first ones take long."""
    return [*targets[:fast], *(pytest.param(target, marks=pytest.mark.slow) for target in targets[fast:])]


@pytest.fixture(scope="module", params=["a3c", pytest.param("e-a3c", marks=pytest.mark.slow)])
def any_agent(request, tiny):
    return tiny.make_agent(request.param, "DemonAttack")


@pytest.fixture(scope="module")
def seen(tiny, any_agent):
    """Four screens of the game and the core states they are seen with."""
    return tiny.play_randomly(any_agent, 4), tiny.random_state(any_agent, 4)


def fits(method, target) -> bool:
    return target != "value" or not METHODS[method].needs_action


@pytest.mark.parametrize("target", in_turn("chosen", "value", "contrast", "action:LEFTFIRE", "contrast:RIGHT", fast=2))
def test_maps_are_finite_not_negative_and_described_by_peak_and_status(method, target, any_agent, seen):
    if not fits(method, target):
        with pytest.raises(UserError, match=f"^{method}: expected a target that is about an action, got value$"):
            any_agent.explain(*seen, target, method)
        return
    found = any_agent.explain(*seen, target, method)
    network, is_on_cells = any_agent.network, METHODS[method].lies_on == "cells"
    assert found.maps.ndim == 3 and len(found.maps) == 4
    assert not is_on_cells or found.maps.shape[1:] == network.torso.output_shape[1:3]
    assert found.box == (network.heatmap_box if is_on_cells else network.observation_box)
    assert found.maps.dtype == found.peaks.dtype == np.float32
    assert np.isfinite(found.maps).all() and found.maps.min() >= 0
    np.testing.assert_array_equal(found.peaks, found.maps.max((1, 2)))
    assert set(found.statuses) <= {"ok", "all_negative", "zero_gradient"}
    assert [status == "ok" for status in found.statuses] == (found.peaks > 0).tolist()


@pytest.mark.parametrize("target", in_turn("contrast", "chosen", "value", fast=1))
def test_a_batch_explains_as_its_screens_one_by_one(method, target, any_agent, seen):
    if not fits(method, target):
        return
    screens, state = seen
    together = any_agent.explain(screens, state, target, method)
    for index in range(4):
        part = slice(index, index + 1)
        alone = any_agent.explain(screens[part], type(state)(state.h[part], state.c[part]), target, method)
        # The floor is what the order of the sums in the preprocessing makes of it.
        tolerance = max(TOLERANCES.get(method, 1e-4) * alone.peaks[0], 5e-6)
        np.testing.assert_allclose(alone.maps[0], together.maps[index], atol=tolerance)
        assert alone.statuses[0] == together.statuses[index]


def test_a_map_is_about_the_action_that_is_given(method, any_agent, seen):
    names, last = any_agent.action_names, len(any_agent.action_names) - 1
    named = {action: any_agent.explain(*seen, f"action:{names[action]}", method).maps for action in (0, last)}
    taken = {action: any_agent.explain(*seen, "chosen", method, np.full(4, action)).maps for action in named}
    assert np.allclose(named[0], named[last], rtol=1e-3) != METHODS[method].follows_target
    if method == "blur":  # the chosen action stands for the whole policy
        np.testing.assert_array_equal(taken[0], taken[last])
        return
    for action, maps in named.items():
        np.testing.assert_allclose(taken[action], maps, rtol=1e-4, atol=1e-4 * maps.max())


def test_the_same_screens_have_the_same_maps_every_time(method, any_agent, seen):
    first, second = (any_agent.explain(*seen, "chosen", method).maps for _ in range(2))
    np.testing.assert_allclose(first, second, atol=1e-6 * first.max())


def test_a_method_says_what_it_is_in_one_short_line(method):
    described = METHODS[method]
    assert 20 < len(described.description) < 80 and "\n" not in described.description
    assert re.fullmatch(r"[A-Z].+ (\d{4})", described.source)


def test_a_method_compiles_with_a_batch_of_any_size_and_makes_the_agents_decisions(method, any_agent, seen):
    network = any_agent.network
    compiled = tf.function(
        lambda screens, *memory: find_method(method).function(
            network_subject(network, screens, memory, Target("contrast"))
        ),
        input_signature=step_input_signature(network),
    )
    for count in (4, 1):
        screens, state = seen[0][:count], type(seen[1])(*(part[:count] for part in seen[1]))
        outputs, decision = compiled(screens, *state).outputs, any_agent.act(screens, state)
        np.testing.assert_allclose(outputs.logits, decision.logits, atol=1e-4)
        np.testing.assert_allclose(outputs.values, decision.values, atol=1e-4)
        np.testing.assert_allclose(outputs.memory[0], decision.state.h, atol=1e-5)
        np.testing.assert_allclose(outputs.memory[1], decision.state.c, atol=1e-5)


def test_a_method_leaves_the_network_as_it_is(method, any_agent, seen):
    before = variables_to_arrays(any_agent.network.weights)
    any_agent.explain(*seen, "chosen", method)
    for path, array in variables_to_arrays(any_agent.network.weights).items():
        np.testing.assert_array_equal(array, before[path])


def test_a_method_that_does_not_exist_is_refused_with_those_that_do(method):
    with pytest.raises(UserError, match=f"expected a method of .*{method}.*, got 'tea-leaves'"):
        find_method("tea-leaves")
