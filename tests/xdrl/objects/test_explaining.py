"""The method `objects` in the hands of an agent, a report, a live game and a notebook."""

import dataclasses
import json

import numpy as np
import pytest
from scipy import ndimage

import xdrl
from xdrl.agents import Agent
from xdrl.environments import find_protocol
from xdrl.errors import UserError
from xdrl.evaluation import record_episode
from xdrl.explainers import explain
from xdrl.explanations.episodes import explain_episode, explanation_record
from xdrl.games import Protocol
from xdrl.methods import choose_methods
from xdrl.objects.maps import HALO_PIXELS
from xdrl.report.maps import explain_recording, targets_of
from xdrl.report.packing import pack_objects
from xdrl.report.session import Session
from xdrl.targets import Target

STEPS = 16


@pytest.fixture(scope="module")
def recording(agent: Agent):
    played = record_episode(agent, find_protocol("standard", agent.game), STEPS, is_greedy=False, seed=0)
    return played


@pytest.fixture(scope="module")
def episode(agent: Agent, recording):
    return explain_episode(agent, recording, "chosen", "objects")


def test_a_map_is_how_much_each_object_matters_on_its_pixels(agent, recording, episode):
    found = episode.explanation
    assert found.maps.shape == (STEPS, 160, 160) and found.box == (34, 0, 194, 160)
    assert len(found.objects) == len(found.statuses) == STEPS
    assert found.statuses == ["no_objects"] + (STEPS - 1) * ["ok"]  # of a first screen nothing is known
    last = found.objects[-1]
    assert {item.name for item in last.objects} == {"player", "enemy"} or len(last.objects) == 3
    for number, item in enumerate(last.objects, 1):
        np.testing.assert_allclose(found.maps[-1][last.labels[34:194] == number], item.without.divergence, rtol=1e-5)
    assert np.count_nonzero(found.maps[-1]) == sum(item.area for item in last.objects)
    assert last.action == recording.actions[-1]


def test_pictures_have_a_halo_around_objects(episode):
    found = episode.explanation
    drawn, exact = found.drawn_maps[-1] > 0, found.maps[-1] > 0
    square = np.ones((2 * HALO_PIXELS + 1,) * 2, bool)
    np.testing.assert_array_equal(drawn, ndimage.binary_dilation(exact, square))
    assert drawn.sum() > exact.sum() > 0


def test_the_figures_say_it_in_plain_values(agent, episode):
    record = explanation_record(agent, episode)
    steps = json.loads(json.dumps(record))["per_step"]["objects"]
    assert len(steps) == STEPS
    assert set(steps[-1]["objects"][0]) == {"name", "count", "box", "area", "before", "without", "replayed"}
    assert steps[-1]["words"][0].startswith("Without the ")
    without = dataclasses.replace(episode, explanation=episode.explanation._replace(objects=()))
    assert "objects" not in explanation_record(agent, without)["per_step"]


def test_one_look_answers_every_target_of_a_report(agent, recording, episode):
    found = explain_recording(agent, recording, "objects", "chosen", {}, objects=episode.explanation.objects)
    assert [each.target for each in found.sets] == targets_of(agent.action_names) and found.left_out == []
    assert found.objects is episode.explanation.objects
    for each in found.sets[:3]:
        expected = agent.explain(recording.screens, recording.state, each.target, "objects", recording.actions)
        np.testing.assert_allclose(each.peaks, expected.peaks, rtol=1e-3, atol=1e-6)
    packed = pack_objects(found.objects, "all of it")
    assert packed["counts"] == [len(item.objects) for item in found.objects]


def test_a_live_game_knows_the_screens_before(agent, episode):
    session = Session(agent, Protocol(), "standard", is_greedy=False, seed=0)
    for _ in range(STEPS - 1):
        session.step([])
    chosen, value = session.step([("objects", "chosen"), ("objects", "value")])["maps"]
    session.close()
    expected = episode.explanation
    assert chosen["peaks"][0] == pytest.approx(expected.peaks[-1], rel=1e-2)
    assert chosen["objects"]["counts"] == value["objects"]["counts"] == [len(expected.objects[-1].objects)]
    assert chosen["objects"]["what_stays"].endswith("what the agent remembers of the screens before still has them.")


def test_a_notebook_lists_what_the_agent_would_do_without_each(agent):
    game = xdrl.play(agent=agent, steps=STEPS, seed=3, method="objects")
    found = game.explain(STEPS - 1, "value", "objects")
    (objects,) = found.objects
    assert len(objects.objects) >= 2, "the screens before are known"
    shown = found._repr_html_()
    assert all(words in shown for words in objects.words) and objects.fewest_words in shown
    assert repr(objects).startswith("<ScreenObjects: Without the ")
    assert "What mattered to the action." in game.explain(STEPS - 1, "chosen")._repr_html_()


def test_it_is_refused_where_there_is_no_agent_and_counts_among_all(agent):
    with pytest.raises(UserError, match="objects: expected an agent and screens of its game, got a network"):
        explain(agent.network.extract, np.zeros((1, 80, 80, 1)), method="objects")
    assert "objects" in choose_methods("all", Target("chosen"))[0]


def test_objects_of_other_screens_are_refused(agent, screens):
    with pytest.raises(UserError, match="expected the objects of 5 screens, got those of 0"):
        agent.weigh_objects(screens, seen=[])
