"""Explaining a game: the figures, the strip and the video of a tiny agent that really plays."""

import dataclasses
import json

import numpy as np
import pytest

from xdrl.agents import Explanation
from xdrl.errors import UserError
from xdrl.evaluation import record_episode
from xdrl.explanations.episodes import explain_episode, explanation_record
from xdrl.explanations.pictures import clip_frames, panel_text, video_frames
from xdrl.explanations.strengths import strong_peak
from xdrl.games import Protocol

STEPS = 9


@pytest.fixture(scope="module")
def recording(agent):
    return record_episode(agent, Protocol(), STEPS, is_greedy=False, seed=0)


@pytest.fixture(scope="module")
def episode(agent, recording):
    return explain_episode(agent, recording, "chosen", "grad-cam")


@pytest.fixture(scope="module")
def record(agent, episode):
    return explanation_record(agent, episode)


def test_maps_are_about_the_actions_that_were_taken(agent, recording, episode):
    expected = agent.explain(recording.screens, recording.state, "chosen", actions=recording.actions)
    np.testing.assert_array_equal(episode.explanation.maps, expected.maps)
    assert (recording.actions != recording.logits.argmax(-1)).any(), "the seed tells nothing"


def test_the_strong_maps_of_the_episode_are_brightest_and_the_others_are_fainter(episode):
    assert episode.heatmaps.shape == (STEPS, 8, 8)
    peaks, brightest = episode.explanation.peaks, episode.heatmaps.max((1, 2))
    np.testing.assert_allclose(brightest, np.sqrt(np.minimum(peaks / strong_peak(peaks), 1)), rtol=1e-5)
    assert brightest.max() == pytest.approx(1) and (brightest > 0.99).sum() == 1
    assert (episode.heatmaps[peaks == 0] == 0).all()


class Weak:
    """The agent, with strong maps of 10: the second one is a millionth of that, and the third a quarter."""

    def __init__(self, agent):
        self.act, self.action_names, self.game = agent.act, agent.action_names, agent.game
        self.network, self.provenance = agent.network, agent.provenance

    def explain(self, *_, **__):
        maps = np.zeros((STEPS, 8, 8), np.float32)
        maps[0, 3, 3], maps[1, 4, 4], maps[2, 4, 4], maps[2, 4, 5] = 9.75 / 0.9, 1e-5, 2.5, 1.25
        statuses = ["ok", "ok", "ok", *["zero_gradient"] * (STEPS - 3)]
        return Explanation(maps, maps.max((1, 2)), statuses, self.network.heatmap_box)


def test_a_map_far_weaker_than_the_episodes_strong_ones_looks_weak_in_every_picture(agent, recording):
    weak = Weak(agent)
    episode = explain_episode(weak, recording, "chosen", "grad-cam")
    np.testing.assert_allclose(episode.heatmaps.max((1, 2)), [1, 1e-3, 0.5] + [0] * (STEPS - 3), rtol=1e-5)
    assert episode.heatmaps[2, 4, 5] == pytest.approx(0.25), "within a map brightness is proportional to strength"
    for frames, width, left in ((video_frames(weak, episode), 480, 488), (clip_frames(episode), 320, 320)):
        pictures = [frame.astype(int) for frame in frames]
        changes = [np.abs(each[:, left : left + width] - each[:, :width]).max() for each in pictures]
        assert changes[0] > 1.5 * changes[2] > 30 and max(changes[1], *changes[3:]) <= 1


def test_a_weak_map_is_said_to_be_weak(agent, recording):
    weak = Weak(agent)
    episode = explain_episode(weak, recording, "chosen", "grad-cam")
    record = explanation_record(weak, episode)
    assert (record["strong_peak"], record["strongest_peak"]) == (10, 10.8333) and record["share_weak"] == pytest.approx(
        1 / STEPS
    )
    assert record["per_step"]["heatmap_share_of_strong"][:4] == [1, 1e-6, 0.25, 0]
    notes = [panel_text(weak, episode, step).note for step in range(4)]
    assert notes == ["", "weak: under 1% of a strong map", "", "blank: nothing matters"]
    assert ("of a strong map", "25%") in panel_text(weak, episode, 2).lines


def test_it_is_said_where_the_action_would_flip_without_memory(agent, recording, episode):
    expected = [
        agent.act(recording.screens[step : step + 1]).actions[0] != recording.logits[step].argmax()
        for step in range(STEPS)
    ]
    assert episode.flips.tolist() == expected
    assert not expected[0], "the first step has no memory to lose"


def test_unknown_targets_and_methods_are_refused(agent, recording):
    with pytest.raises(UserError, match="expected a target"):
        explain_episode(agent, recording, "everything", "grad-cam")
    with pytest.raises(UserError, match="expected a method"):
        explain_episode(agent, recording, "chosen", "tea-leaves")


def test_the_figures_of_the_game_are_those_of_its_steps(record, recording, episode):
    steps = record["per_step"]
    assert {len(values) for values in steps.values()} == {STEPS}
    assert set(steps) == {
        *("action", "probabilities", "value", "entropy", "margin", "reward", "lives"),
        *("heatmap_peak", "heatmap_share_of_strong", "heatmap_status", "flips_without_memory"),
    }
    assert steps["action"] == recording.actions.tolist()
    assert (record["game"], record["method"], record["target"]) == ("Pong", "grad-cam", "chosen")
    assert (record["steps"], record["score"], record["is_over"]) == (STEPS, sum(steps["reward"]), False)
    assert (record["network"], record["agent_steps"], record["heatmap_cells"]) == ("a3c", 40, [8, 8])
    assert record["heatmap_box"] == {"top": 46, "left": 12, "bottom": 174, "right": 140}
    statuses = steps["heatmap_status"]
    assert record["share_blank"] == pytest.approx(1 - statuses.count("ok") / STEPS)
    assert record["share_all_negative"] == pytest.approx(statuses.count("all_negative") / STEPS)
    assert record["share_flipped_without_memory"] == pytest.approx(episode.flips.mean())
    json.dumps(record, allow_nan=False)


def test_entropy_and_margin_are_those_of_the_policy(record, recording):
    steps = record["per_step"]
    for step in range(STEPS):
        shares = recording.probabilities[step].astype(float)
        assert steps["entropy"][step] == pytest.approx(-(shares * np.log(shares)).sum(), abs=1e-4)
        highest, second = sorted(recording.logits[step])[:-3:-1]
        assert steps["margin"][step] == pytest.approx(highest - second, abs=1e-4)
    assert record["mean_entropy"] == pytest.approx(np.mean(steps["entropy"]), abs=1e-4)


def test_a_certain_policy_has_an_entropy_of_zero(agent, episode, recording):
    certain = np.zeros_like(recording.probabilities)
    certain[:, 2] = 1
    changed = dataclasses.replace(episode, recording=dataclasses.replace(recording, probabilities=certain))
    assert explanation_record(agent, changed)["mean_entropy"] == 0


def test_the_strip_begins_where_the_least_telling_of_its_steps_tells_most(agent, episode):
    def first_step(peaks, spreads) -> int:
        explanation = episode.explanation._replace(peaks=np.array(peaks, np.float32))
        probabilities = np.zeros_like(episode.recording.probabilities)
        probabilities[:, 1] = spreads
        recording = dataclasses.replace(episode.recording, probabilities=probabilities)
        changed = dataclasses.replace(episode, explanation=explanation, recording=recording)
        return explanation_record(agent, changed)["strip"]["first_step"]

    assert first_step([9, 9, 0, 3, 3, 3, 3, 3, 3], 1) == 3
    assert first_step([2, 2, 2, 2, 2, 2, 1, 9, 9], 1) == 0
    assert first_step([0] * 9, 1) == 0
    # On the first screens any action would do, however strong the maps.
    assert first_step([9, 9, 9, 9, 9, 9, 9, 9, 9], [0.1, 0.1, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.1]) == 2
