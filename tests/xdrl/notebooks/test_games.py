"""A game in one call: what it holds and what it shows."""

import base64
import html
import re

import imageio_ffmpeg
import numpy as np
import pytest

import xdrl
from xdrl.errors import UserError
from xdrl.explanations.pictures import CLIP_FRAMES, clip_frames
from xdrl.report.assembling import assemble_page

STEPS = 6


@pytest.fixture(scope="module")
def game(agent):
    return xdrl.play(agent=agent, steps=STEPS, seed=3)


def test_a_game_is_played_and_explained(game, agent):
    recording, found = game.episode.recording, game.episode.explanation
    assert len(recording.actions) == len(found.maps) == STEPS and game.agent is agent
    again = xdrl.play("pong", STEPS, agent=agent, seed=3, target="value", method="hires-cam")
    np.testing.assert_array_equal(again.episode.recording.screens, recording.screens)
    assert (again.episode.target, again.episode.method) == ("value", "hires-cam")
    assert repr(game) == "<PlayedGame: Pong: 0 points in 6 agent steps, where it was cut. " + repr(agent) + ">"


def test_an_agent_may_be_a_path(tiny, agent, tmp_path, game):
    found = xdrl.play(agent=str(tiny.write_run(agent, tmp_path / "run")), steps=2, seed=3)
    np.testing.assert_array_equal(found.episode.recording.actions, game.episode.recording.actions[:2])


def test_frames_are_the_game_beside_its_overlays(game):
    frames = game.frames
    assert frames.shape == (STEPS, 210, 320, 3) and frames.dtype == np.uint8
    np.testing.assert_array_equal(frames[:, :, :160], game.episode.recording.screens)
    changes = (frames[:, :, 160:] != frames[:, :, :160]).any((1, 2, 3))
    np.testing.assert_array_equal(changes, game.episode.heatmaps.max((1, 2)) > 0.1)
    assert STEPS < CLIP_FRAMES
    np.testing.assert_array_equal(list(clip_frames(game.episode, 1)), frames)


def test_a_step_is_asked_why_not_another_action(game, agent):
    recording = game.episode.recording
    found = game.explain(4, "contrast:LEFT")
    expected = agent.explain(recording.screens, recording.state, "contrast:LEFT", actions=recording.actions)
    np.testing.assert_allclose(found.maps[0], expected.maps[4], atol=1e-5 * expected.peaks.max())
    assert found.asked.actions == recording.actions[4:5]
    assert game.explain(4).asked.target == "contrast" and game.explain(4, method="saliency").asked.method == "saliency"


def test_the_report_is_shown_in_a_frame_as_it_is_saved(game, tmp_path):
    report = game.report()
    report.save(tmp_path / "deeper" / "report.html")
    page = (tmp_path / "deeper" / "report.html").read_text("utf-8")
    (framed,) = re.findall(r'<iframe srcdoc="([^"]*)"', report._repr_html_())
    assert html.unescape(framed) == page
    assert page.startswith(assemble_page("Pong: what the agent looked at", None)[:40])
    assert "xdrl.play('Pong', steps=6, target='chosen', method='grad-cam', protocol='standard', greedy=False" in page
    assert repr(report) == f"<ShownFile of {len(page.encode()):,} bytes: a notebook shows it, .save(path) writes it>"


def test_the_video_is_shown_as_it_is_saved(game, tmp_path):
    video = game.video()
    video.save(tmp_path / "video.mp4")
    (shown,) = re.findall(r'<video [^>]*src="data:video/mp4;base64,([^"]*)"', video._repr_html_())
    assert base64.b64decode(shown) == (tmp_path / "video.mp4").read_bytes() == video.contents
    assert imageio_ffmpeg.count_frames_and_secs(str(tmp_path / "video.mp4"))[0] == STEPS
    assert repr(video) == f"<ShownFile of {len(video.contents):,} bytes: a notebook shows it, .save(path) writes it>"


def test_a_game_shows_itself_as_a_moving_picture(game):
    shown = game._repr_html_()
    (clip,) = re.findall(r'src="data:image/gif;base64,([^"]*)"', shown)
    assert base64.b64decode(clip)[:6] == b"GIF89a" and b"NETSCAPE2.0" in base64.b64decode(clip)
    assert "Pong: 0 points in 6 agent steps, where it was cut." in shown and ".report()" in shown


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"steps": 0}, "expected at least one step, got 0"),
        ({"game": "Qbert"}, "expected an agent of Qbert, got one of Pong"),
        ({"game": "Pongg"}, "Pongg"),
        ({"target": "action:UP"}, "expected an action of NOOP, FIRE, RIGHT"),
        ({"method": "tea-leaves"}, "expected a method of"),
        ({"method": "sarfa", "target": "value"}, "sarfa"),
        ({"protocol": "none"}, "expected a protocol of"),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_is_played(agent, options, message):
    with pytest.raises(UserError, match=message):
        xdrl.play(**{"agent": agent, "steps": 2, **options})


def test_a_step_that_was_not_played_is_refused(game):
    for step in (-1, STEPS):
        with pytest.raises(UserError, match=f"expected a step of 0 to {STEPS - 1}, got {step}"):
            game.explain(step)
