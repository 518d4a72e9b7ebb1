"""Pictures with words: video frames, the strip, and the MP4 as a decoder reads it."""

import itertools
import re
import warnings
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest
from PIL import Image, ImageFont

from xdrl.pictures.frames import (
    GUTTER,
    PANEL_WIDTH,
    STEPS_PER_SECOND,
    PanelText,
    save_png,
    strip,
    video_frame,
    write_gif,
    write_video,
)

HEIGHT, WIDTH = 630, 480
BACKGROUND, CHOSEN_BAR = (18, 18, 24), (249, 142, 9)
DIRECTIONS = ("UP", "RIGHT", "LEFT", "DOWN", "UPRIGHT", "UPLEFT", "DOWNRIGHT", "DOWNLEFT")
ALL_ACTIONS = ("NOOP", "FIRE", *DIRECTIONS, *(f"{name}FIRE" for name in DIRECTIONS))
KUNG_FU_MASTER = tuple(name for name in ALL_ACTIONS if name not in ("FIRE", "UPRIGHT", "UPLEFT", "UPFIRE"))
LINES = tuple((name, "1") for name in ("step", "score", "action", "value", "entropy", "map of", "map peak"))


def panel(names: tuple[str, ...], chosen: int, probabilities: np.ndarray | None = None, note: str = "") -> np.ndarray:
    """Returns the drawn panel alone."""
    game = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    shares = np.zeros(len(names)) if probabilities is None else probabilities
    text = PanelText(
        "DemonAttack", LINES, names[chosen], names, tuple(f"{share:.2f}" for share in shares), shares, note
    )
    return video_frame(game, game, text)[:, -PANEL_WIDTH:]


def is_drawn(picture: np.ndarray) -> np.ndarray:
    return (picture != BACKGROUND).any(-1)


def bar_rows(picture: np.ndarray) -> np.ndarray:
    """Returns the rows in which the chosen action's bar is drawn."""
    return np.flatnonzero((picture[:, 151:200] == CHOSEN_BAR).all(-1).all(-1))


def read_video(path: Path) -> tuple[dict, list[np.ndarray]]:
    """Returns what a decoder says of a video, and its frames."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # the reader leaves its pipes to the garbage collector
        reader = imageio_ffmpeg.read_frames(str(path))
        meta = next(reader)
        frames = [np.frombuffer(frame, np.uint8) for frame in reader]
        del reader
    return meta, frames


def test_a_video_frame_is_game_gutter_overlay_and_panel():
    game, overlay = (np.full((HEIGHT, WIDTH, 3), level, np.uint8) for level in (50, 200))
    frame = video_frame(
        game, overlay, PanelText("Pong", LINES, "UP", ("NOOP", "UP"), ("0.50", "0.50"), np.array([0.5, 0.5]), "")
    )
    assert (frame.shape, frame.dtype) == ((HEIGHT, 2 * WIDTH + GUTTER + PANEL_WIDTH, 3), np.uint8)
    np.testing.assert_array_equal(frame[:, :WIDTH], game)
    np.testing.assert_array_equal(frame[:, WIDTH + GUTTER : 2 * WIDTH + GUTTER], overlay)
    assert not is_drawn(frame[:, WIDTH : WIDTH + GUTTER]).any()
    assert is_drawn(frame[:, -PANEL_WIDTH:]).any()


@pytest.mark.parametrize("names", [("NOOP", "UP", "DOWN"), KUNG_FU_MASTER, ALL_ACTIONS])
def test_every_action_has_its_row_and_the_panel_does_not_overflow(names):
    everything = np.ones(len(names))
    rows = [bar_rows(panel(names, index, everything)) for index in range(len(names))]
    assert all(len(row) >= 5 for row in rows), "a bar is missing or too thin"
    assert all(above[-1] < below[0] for above, below in itertools.pairwise(rows))
    picture = is_drawn(panel(names, len(names) - 1, everything))
    assert not picture[-5:].any() and not picture[:, -5:].any() and not picture[:, :5].any()


@pytest.mark.parametrize("names", [("NOOP", "UP", "DOWN"), KUNG_FU_MASTER, ALL_ACTIONS], ids=len)
def test_the_names_of_actions_end_before_their_bars_begin(names):
    # Without a probability a bar is a line one pixel wide at its left end, 150 pixels from the panel's.
    first_row = bar_rows(panel(names, 0, np.ones(len(names))))[0] - 3
    assert not is_drawn(panel(names, 0)[first_row:, 146:150]).any()


def test_a_bar_is_as_long_as_its_action_is_probable():
    half, full = (panel(("NOOP", "UP"), 1, np.array([1 - share, share])) for share in (0.5, 1.0))
    lengths = [(picture == CHOSEN_BAR).all(-1).sum(-1).max() for picture in (half, full)]
    assert lengths[1] == pytest.approx(2 * lengths[0], abs=2) and lengths[1] > 50


def test_the_action_taken_alone_has_the_strong_colour():
    assert len(bar_rows(panel(("NOOP", "UP"), 0, np.array([0.0, 1.0])))) == 0
    assert len(bar_rows(panel(("NOOP", "UP"), 1, np.array([0.0, 1.0])))) > 5


def test_a_blank_map_is_explained_in_the_panel():
    names = ("NOOP", "UP")
    difference = panel(names, 0) != panel(names, 0, note="blank: nothing matters")
    assert difference.any()
    assert ImageFont.load_default(16).getlength("blank: all speaks against") < PANEL_WIDTH - 2 * 18


@pytest.mark.parametrize("count", [1, 6])
def test_a_strip_holds_each_screen_above_its_overlay(count):
    screens = np.stack([np.full((420, 320, 3), 10 * index, np.uint8) for index in range(count)])
    overlays = screens + 100
    picture = strip([screens, overlays], ["step 1\nUP 0.50"] * count)
    assert picture.shape == (2 * 428 + 8 + 60, count * 328 + 8, 3)
    for index in range(count):
        left = 8 + index * 328
        np.testing.assert_array_equal(picture[8:428, left : left + 320], screens[index])
        np.testing.assert_array_equal(picture[436:856, left : left + 320], overlays[index])
        assert (picture[864:, left : left + 320] < 128).any(), "no caption"


def test_a_strip_of_several_rows_names_each_at_its_left():
    rows = [np.full((2, 42, 32, 3), 40 * number, np.uint8) for number in range(3)]
    picture = strip(rows, ["a", "b"], ["", "occlusion", "blur"])
    margin = picture.shape[1] - 2 * 40
    assert margin > ImageFont.load_default(20).getlength("occlusion")
    for number in range(3):
        top = 8 + number * 50
        np.testing.assert_array_equal(picture[top : top + 42, margin : margin + 32], rows[number][0])
        assert (picture[top : top + 42, : margin - 8] < 128).any() == bool(number)


def test_a_gif_plays_its_frames_at_the_games_speed_over_and_over(tmp_path):
    levels = [20, 90, 230]
    write_gif(tmp_path / "clip.gif", (np.full((42, 64, 3), level, np.uint8) for level in levels))
    with Image.open(tmp_path / "clip.gif") as picture:
        assert (picture.size, picture.n_frames, picture.info["loop"]) == ((64, 42), 3, 0)
        assert picture.info["duration"] == pytest.approx(1000 / STEPS_PER_SECOND, abs=5)
        for index, level in enumerate(levels):
            picture.seek(index)
            assert abs(float(np.asarray(picture.convert("RGB")).mean()) - level) < 4


def test_a_video_is_an_h264_mp4_of_the_right_size_speed_and_length(tmp_path):
    path = tmp_path / "video.mp4"
    levels = [20, 90, 160, 230, 120]
    write_video(path, (np.full((630, 1280, 3), level, np.uint8) for level in levels))
    meta, frames = read_video(path)
    assert meta["codec"] == "h264" and meta["pix_fmt"].startswith("yuv420p")
    assert (meta["size"], meta["fps"]) == ((1280, 630), STEPS_PER_SECOND)
    assert re.search(rb"ftyp.{0,40}(isom|mp42)", path.read_bytes()[:64], re.DOTALL)
    assert len(frames) == len(levels)
    for frame, level in zip(frames, levels, strict=True):
        assert abs(float(frame.mean()) - level) < 4


def test_a_writer_is_closed_when_a_frame_cannot_be_drawn(tmp_path):
    def frames():
        yield np.zeros((64, 64, 3), np.uint8)
        raise ArithmeticError("no frame")

    with pytest.raises(ArithmeticError):
        write_video(tmp_path / "video.mp4", frames())
    assert imageio_ffmpeg.count_frames_and_secs(str(tmp_path / "video.mp4"))[0] == 1


def test_a_png_holds_the_picture_bit_by_bit(tmp_path):
    picture = np.random.default_rng(0).integers(0, 256, (20, 30, 3)).astype(np.uint8)
    save_png(tmp_path / "picture.png", picture)
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "picture.png")), picture)
