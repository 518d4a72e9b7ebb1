"""What a report says in words and figures."""

import dataclasses

import numpy as np

import xdrl
from xdrl.agents import Agent
from xdrl.explanations.highlights import importances
from xdrl.explanations.measures import entropies, margins
from xdrl.report.contents import describe_making, describe_page, describe_steps, find_moments, find_warnings
from xdrl.report.maps import MapSet, explain_target


def with_statuses(map_set: MapSet, *statuses: str) -> MapSet:
    """The maps with other statuses, all of them equally strong."""
    return dataclasses.replace(map_set, statuses=list(statuses), peaks=np.ones(len(statuses), np.float32))


def test_a_step_has_every_quantity(agent, recording):
    flips = np.arange(len(recording.actions)) % 2 == 0
    steps = describe_steps(recording, flips)
    assert {len(values) for values in steps.values()} == {len(recording.actions)}
    np.testing.assert_allclose(steps["entropy"], entropies(recording.probabilities), atol=1e-4)
    np.testing.assert_allclose(steps["margin"], margins(recording.logits), atol=1e-4)
    np.testing.assert_allclose(np.sum(steps["probabilities"], -1), 1, atol=1e-4)
    assert steps["flips"] == flips.tolist() and steps["action"] == recording.actions.tolist()


def test_moments_are_steps_on_which_much_hung(agent, recording):
    moments = find_moments(agent, recording)
    spreads = importances(recording.probabilities)
    assert 2 <= len(moments) <= 8
    assert [moment["step"] for moment in moments] == sorted({moment["step"] for moment in moments})
    assert max(moment["spread"] for moment in moments) == round(float(spreads.max()), 4)
    for moment in moments:
        assert moment["best"] == agent.action_names[recording.logits[moment["step"]].argmax()]


def test_blank_maps_are_a_warning_where_they_are_more_than_half(agent, recording):
    shown = explain_target(agent, recording, "grad-cam", "chosen")
    sharp = dataclasses.replace(recording, probabilities=np.tile(np.eye(6, dtype=np.float32)[0], (80, 1)))
    assert find_warnings(sharp, with_statuses(shown, "ok", "zero_gradient")) == []
    (warning,) = find_warnings(sharp, with_statuses(shown, "ok", "zero_gradient", "all_negative"))
    assert warning.startswith("67% of the maps of chosen by grad-cam are blank (33% because all that is seen speaks")


def test_weak_maps_are_a_warning_where_they_are_more_than_half(agent, recording):
    shown = with_statuses(explain_target(agent, recording, "grad-cam", "chosen"), "ok", "ok", "ok", "ok")
    sharp = dataclasses.replace(recording, probabilities=np.tile(np.eye(6, dtype=np.float32)[0], (80, 1)))
    half = dataclasses.replace(shown, peaks=np.array([1, 0.05, 0.04, 0.04], np.float32))
    assert find_warnings(sharp, half) == []
    (warning,) = find_warnings(sharp, dataclasses.replace(half, peaks=np.array([1, 0.04, 0.04, 0.04], np.float32)))
    assert warning.startswith(
        "75% of the maps of chosen by grad-cam are weak, below 5% of a strong map of this episode"
    )


def test_a_policy_that_prefers_nothing_is_a_warning(agent, recording):
    shown = with_statuses(explain_target(agent, recording, "grad-cam", "chosen"), "ok")
    uniform = dataclasses.replace(recording, probabilities=np.full((80, 6), 1 / 6, np.float32))
    (warning,) = find_warnings(uniform, shown)
    assert warning.startswith("The policy is nearly uniform (mean entropy 1.79 of at most 1.79 nats)")


def test_how_it_was_made_names_agent_training_command_and_versions(agent):
    making = dict(describe_making(agent, [("Command", "python cli.py explain Pong")]))
    assert making["Agent"] == "tiny" and making["Trained for"] == "40 agent steps (160 frames)"
    assert making["Command"] == "python cli.py explain Pong"
    assert all(
        name in making["Versions"]
        for name in (f"xdrl {xdrl.__version__}", "Python 3", "tensorflow 2", "keras 3", "ale-py 0")
    )
    assert "Evaluated at" not in making


def test_an_evaluation_is_told(agent):
    evaluated = dataclasses.replace(agent.provenance, evaluations={"sticky": {"mean": 17.53, "num_episodes": 100}})

    told = dict(describe_making(Agent(agent.network, agent.game, evaluated), []))
    assert told["Evaluated at"] == "17.53 points over 100 whole games, sticky protocol"
    assert told["Critic"].startswith("a state value: ")


def test_the_page_gets_the_colours_of_the_videos(agent):
    page = describe_page(agent)
    assert page["colours"][0] == [0, 0, 4] and page["colours"][-1] == [252, 255, 164] and len(page["colours"]) == 256
    assert page["actions"] == list(agent.action_names)
