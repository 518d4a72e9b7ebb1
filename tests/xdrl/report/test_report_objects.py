"""The objects of a report in a real browser: the list beside the screen, and the map on their pixels."""

import numpy as np
import pytest
from keras import ops

from tests.xdrl.report.conftest import Player
from xdrl.evaluation import record_episode
from xdrl.explanations.episodes import ExplainedEpisode, explain_episode
from xdrl.games import Protocol
from xdrl.pictures.overlays import overlay
from xdrl.report import build_report

STEPS = 24


@pytest.fixture(scope="module")
def episode(agent) -> ExplainedEpisode:
    recording = record_episode(agent, Protocol(), STEPS, is_greedy=False, seed=0)
    return explain_episode(agent, recording, "chosen", "objects")


@pytest.fixture
def report(page: Player, agent, episode, tmp_path) -> Player:
    path, found = tmp_path / "report.html", episode.explanation.objects
    build_report(agent, episode.recording, episode.flips, path, method="objects", objects=found)
    page.open(path.as_uri() + f"#step={STEPS - 1}")
    return page


def test_the_list_and_the_map_follow_the_step(report, agent, episode):
    found = episode.explanation
    for step in (STEPS - 1, STEPS - 5):
        report.go_to(step)
        objects = found.objects[step]
        report.wait(lambda words=objects.words: report.texts("#object-words li") == words)
        assert report.text("#fewest") == objects.fewest_words
        assert report.text("#what-stays").startswith("Objects are taken away from this screen only")
        part = slice(step, step + 1)
        drawn = ops.convert_to_numpy(overlay(episode.recording.screens[part], episode.heatmaps[part], found.box, 1))
        assert np.abs(report.pixels("#overlay") - drawn[0].astype(int)).max() <= 2
        assert (drawn[0] != episode.recording.screens[step]).any()
    assert "what mattered to the action" in report.text("#overlay-caption")
    report.go_to(0)
    report.wait(lambda: report.text("#fewest") == "No objects are seen on this screen.")
    assert "no_objects" in report.text("#blank")


def test_what_is_pointed_at_in_the_list_is_framed_on_the_screen(report):
    before = report.pixels("#overlay")
    report.run("document.querySelector('#object-words li').focus()")
    framed = report.pixels("#overlay")
    assert (framed == 255).all(-1).sum() > (before == 255).all(-1).sum()
    report.run("document.querySelector('#object-words li').blur()")
    np.testing.assert_array_equal(report.pixels("#overlay"), before)
