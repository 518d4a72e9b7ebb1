"""Every target of a method, and what happens to those that do not work."""

import numpy as np
import pytest

from xdrl.agents import Explanation
from xdrl.errors import UserError
from xdrl.report.maps import explain_recording, explain_target, targets_of


def test_all_targets_of_a_game():
    assert targets_of(["NOOP", "UP"]) == [
        "chosen",
        "value",
        "contrast",
        "action:NOOP",
        "action:UP",
        "contrast:NOOP",
        "contrast:UP",
    ]
    assert targets_of(["NOOP"]) == ["chosen", "value"]


def test_every_target_is_explained_as_the_agent_does_and_the_one_asked_for_comes_first(agent, recording):
    counts = []
    found = explain_recording(
        agent, recording, "grad-cam", "action:RIGHT", {"grad-cam": ["value"]}, lambda *count: counts.append(count)
    )
    targets = targets_of(agent.action_names)
    assert [each.target for each in found.sets] == [
        "action:RIGHT",
        *(name for name in targets if name != "action:RIGHT"),
    ]
    assert found.left_out == [] and counts == [(number, len(targets)) for number in range(1, len(targets) + 1)]
    for each in found.sets[:1] + found.sets[2:4] + found.sets[-1:]:
        expected = agent.explain(recording.screens, recording.state, each.target, actions=recording.actions)
        np.testing.assert_allclose(each.maps, expected.maps, rtol=1e-4, atol=1e-7)
        np.testing.assert_allclose(each.peaks, expected.peaks, rtol=1e-4)
        assert each.statuses == expected.statuses
        assert each.box == (46, 12, 174, 140)


class Picky:
    """The agent, without the value, and with a method that fails as TensorFlow does without a gradient."""

    def __init__(self, agent):
        self.agent, self.action_names, self.network = agent, agent.action_names, agent.network

    def explain(self, screens, state, target, method, actions) -> Explanation:
        if target == "value":
            raise UserError("expected a target with a gradient,\ngot value")
        if method == "broken":
            raise ValueError("None values not supported.")
        return self.agent.explain(screens, state, target, method, actions)


def test_a_target_that_does_not_work_is_left_out_with_a_line(agent, recording):
    found = explain_recording(Picky(agent), recording, "grad-cam", "chosen", {"broken": ["chosen"]})
    assert len(found.sets) == len(targets_of(agent.action_names)) - 1
    assert found.left_out == [
        "grad-cam, value: expected a target with a gradient, got value",
        "broken, chosen: None values not supported.",
    ]


def test_the_target_that_was_asked_for_has_to_work(agent, recording):
    with pytest.raises(UserError, match="expected a target with a gradient"):
        explain_recording(Picky(agent), recording, "grad-cam", "value", {})
    with pytest.raises(UserError, match="expected an action of"):
        explain_target(agent, recording, "grad-cam", "action:JUMP")
    with pytest.raises(UserError, match="expected a method of"):
        explain_target(agent, recording, "tea-leaves", "chosen")
