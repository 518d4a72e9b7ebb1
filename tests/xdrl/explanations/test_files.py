"""What an explained game leaves on disk: a tiny agent really plays."""

import json

import imageio_ffmpeg
import numpy as np
import pytest
from PIL import Image

from xdrl.evaluation import record_episode
from xdrl.explanations.episodes import explain_episode, explanation_record
from xdrl.explanations.files import write_explanation, write_maps
from xdrl.games import Protocol

STEPS = 9


@pytest.fixture(scope="module")
def recording(agent):
    return record_episode(agent, Protocol(), STEPS, is_greedy=False, seed=0)


@pytest.fixture(scope="module")
def episodes(agent, recording):
    return [explain_episode(agent, recording, "chosen", method) for method in ("grad-cam", "saliency")]


@pytest.fixture(scope="module")
def written(agent, episodes, tmp_path_factory):
    """The folder, what was returned, and the counts that were called back."""
    folder, counts = tmp_path_factory.mktemp("explanations") / "new" / "Pong", []
    return folder, *write_explanation(agent, episodes[0], folder, episodes[1:], counts.append), counts


def test_everything_is_written(agent, episodes, written):
    folder, record, failures, counts = written
    names = ["clip.gif", "explanation.json", "methods.png", "strip.png", "video.mp4"]
    assert sorted(path.name for path in folder.iterdir()) == names
    assert json.loads((folder / "explanation.json").read_text()) == record == explanation_record(agent, episodes[0])
    assert (failures, counts) == ([], list(range(1, STEPS + 1)))
    assert imageio_ffmpeg.count_frames_and_secs(str(folder / "video.mp4"))[0] == STEPS


def test_the_strip_shows_the_frames_that_the_record_names(recording, written):
    folder, record, *_ = written
    picture = np.asarray(Image.open(folder / "strip.png"))
    assert picture.shape == (2 * 428 + 8 + 60, 6 * 328 + 8, 3)
    first = record["strip"]["first_step"]
    np.testing.assert_array_equal(picture[8:428:2, 8:328:2], recording.screens[first])


def test_the_clip_shows_the_game_beside_its_overlay(recording, written):
    with Image.open(written[0] / "clip.gif") as clip:
        assert (clip.size, clip.n_frames) == ((640, 420), STEPS)
        first = np.asarray(clip.convert("RGB")).astype(int)
    # A GIF has few colours; those of a still screen are near to its own.
    assert np.abs(first[::2, :320:2] - recording.screens[0]).mean() < 4


def test_methods_are_compared_on_the_same_frames(recording, written):
    folder, record, *_ = written
    picture = np.asarray(Image.open(folder / "methods.png"))
    margin = picture.shape[1] - 6 * 168
    assert picture.shape[0] == 3 * 218 + 8 + 60
    first = record["strip"]["first_step"]
    np.testing.assert_array_equal(picture[8:218, margin : margin + 160], recording.screens[first])
    grad_cam, saliency = (picture[top : top + 210, margin : margin + 160] for top in (226, 444))
    assert not np.array_equal(grad_cam, saliency)


def test_a_game_shorter_than_the_strip_is_written_whole(agent, tmp_path):
    recording = record_episode(agent, Protocol(), 1, is_greedy=True, seed=0)
    episode = explain_episode(agent, recording, "value", "grad-cam")
    record, failures = write_explanation(agent, episode, tmp_path)
    assert (record["strip"], failures) == ({"first_step": 0, "frames": 1}, [])
    assert np.asarray(Image.open(tmp_path / "strip.png")).shape[1] == 328 + 8
    assert not (tmp_path / "methods.png").exists()


def test_a_video_that_cannot_be_encoded_costs_nothing_else(agent, episodes, tmp_path, monkeypatch):
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(tmp_path / "no-encoder"))
    _, failures = write_explanation(agent, episodes[0], tmp_path / "Pong")
    assert len(failures) == 1 and failures[0].startswith(f"{tmp_path}/Pong/video.mp4 is not written: ")
    assert {"clip.gif", "explanation.json", "strip.png"} <= {path.name for path in (tmp_path / "Pong").iterdir()}


def test_raw_maps_are_read_by_numpy(recording, episodes, tmp_path):
    write_maps(tmp_path / "new" / "maps.npz", recording.actions, episodes)
    with np.load(tmp_path / "new" / "maps.npz") as found:
        np.testing.assert_array_equal(found["actions"], recording.actions)
        for episode in episodes:
            explanation, name = episode.explanation, episode.method
            np.testing.assert_array_equal(found[f"{name}/maps"], explanation.maps)
            np.testing.assert_array_equal(found[f"{name}/peaks"], explanation.peaks)
            assert found[f"{name}/statuses"].tolist() == explanation.statuses
            assert found[f"{name}/box"].tolist() == pytest.approx(list(explanation.box))
