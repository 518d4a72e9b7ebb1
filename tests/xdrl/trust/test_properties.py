"""What a map must have whatever it shows: it changes when layers forget, it is about the action, and it is there."""

from types import SimpleNamespace

import numpy as np
import pytest

from xdrl.environments import find_protocol
from xdrl.evaluation import record_episode
from xdrl.trust.health import check_health, flicker
from xdrl.trust.randomisation import copy_agent, fresh_weights, layers_from_top, randomise
from xdrl.trust.specificity import explain_runner_up, likeness


@pytest.fixture(scope="module")
def recording(agent):
    return record_episode(agent, find_protocol("standard", agent.game), 12, is_greedy=False, seed=1)


def test_layers_forget_from_the_top_and_the_maps_change(agent, recording):
    assert list(layers_from_top(agent.network)) == ["heads", "core", "hidden", "convolution_2", "convolution_1"]
    copy = copy_agent(agent)
    fresh = fresh_weights(agent, 5)

    def changed() -> set[str]:
        pairs = zip(agent.network.weights, copy.network.weights, strict=True)
        return {a.path.split("/")[0] for a, b in pairs if "kernel" in a.path and not np.array_equal(a.value, b.value)}

    assert changed() == set()
    before = copy.explain(recording.screens, recording.state, actions=recording.actions).maps
    np.testing.assert_allclose(
        before, agent.explain(recording.screens, recording.state, actions=recording.actions).maps
    )
    names = []
    for name in randomise(copy, fresh):
        names.append(name)
        assert changed() == {"policy", "value", *names} - {"heads"}
        maps = copy.explain(recording.screens, recording.state, actions=recording.actions).maps
        assert not np.allclose(maps, before, rtol=0.05)
    assert len(names) == 5


def test_fresh_weights_are_not_those_that_the_agent_began_with(tiny: SimpleNamespace):
    begun = tiny.make_agent(seed=0)
    fresh = fresh_weights(begun, 0)
    for weight in begun.network.weights:
        if "kernel" in weight.path:
            assert abs(np.corrcoef(np.ravel(weight.value), fresh[weight.path].ravel())[0, 1]) < 0.3


def test_the_runner_up_is_the_best_action_that_was_not_taken(agent, recording):
    found = explain_runner_up(agent, recording, "grad-cam").maps
    for step in range(4):
        order = [action for action in np.argsort(-recording.logits[step]) if action != recording.actions[step]]
        part = slice(step, step + 1)
        state = type(recording.state)(recording.state.h[part], recording.state.c[part])
        alone = agent.explain(recording.screens[part], state, actions=np.array(order[:1]))
        np.testing.assert_allclose(found[step], alone.maps[0], rtol=1e-3, atol=1e-6)
    maps = np.random.default_rng(0).random((3, 9))
    assert likeness(maps, maps) == pytest.approx(1)
    assert likeness(np.zeros((3, 9)), maps) == 0
    assert np.isnan(likeness(np.zeros((3, 9)), np.zeros((3, 9))))


def test_flicker_by_hand(agent, recording):
    assert flicker(np.array([[1.0, 0], [0, 2], [0, 0], [3, 1], [1, 1]])) == (1 + 0.25) / 2
    assert np.isnan(flicker(np.zeros((3, 2))))
    explanation = agent.explain(recording.screens, recording.state, actions=recording.actions)
    statuses = ["ok"] * 6 + ["all_negative"] * 4 + ["zero_gradient"] * 2
    found = check_health(recording, explanation._replace(statuses=statuses))
    assert found["blank"] == 0.5
    assert (found["all negative"], found["zero gradient"]) == pytest.approx((4 / 12, 2 / 12))
    even = np.full_like(recording.probabilities, 1 / 6)
    even[:3] = (0.9, *[0.02] * 5)
    named = recording.__class__(**{**vars(recording), "probabilities": even})
    assert check_health(named, explanation)["near uniform"] == 0.75
    judged = recording.__class__(**{**vars(recording), "judges_actions": True})
    assert "near uniform" not in check_health(judged, explanation)  # random actions are no policy that hardly chooses
