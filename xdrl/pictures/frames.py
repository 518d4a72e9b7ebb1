"""Pictures with words in them: the frames of the video, and the strip of consecutive frames of the paper's Fig. 2."""

import contextlib
import functools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import imageio_ffmpeg
import numpy as np
from PIL import Image, ImageDraw, ImageFont

STEPS_PER_SECOND = 15
"""Of the video: agent steps at the game's own speed, 60 frames of 4 a step."""
PANEL_WIDTH, GUTTER = 312, 8
"""Pixels of the panel, and of the gap between game and overlay."""
_BACKGROUND, _TEXT, _FAINT = (18, 18, 24), (240, 240, 240), (150, 150, 165)
_BAR, _CHOSEN_BAR = (70, 90, 140), (249, 142, 9)
_MARGIN, _LINE = 18, 30
_BARS_LEFT, _BAR_LENGTH = 150, 97


@dataclass(frozen=True)
class PanelText:
    """What the panel beside a video frame says.

    Attributes:
        title: the game.
        lines: name and figure, in pairs.
        action: the action taken.
        action_names: all of them.
        figures: A of them, the actions' probabilities or Q-values.
        lengths: float [A] in [0, 1], of their bars.
        note: why the map is blank, or "".
    """

    title: str
    lines: tuple[tuple[str, str], ...]
    action: str
    action_names: tuple[str, ...]
    figures: tuple[str, ...]
    lengths: np.ndarray
    note: str


def video_frame(game: np.ndarray, overlay: np.ndarray, panel: PanelText) -> np.ndarray:
    """Puts the game, its overlay and the panel side by side.

    Args:
        game: uint8 [H, W, 3], the enlarged screen.
        overlay: uint8 [H, W, 3].
        panel: what to say.

    Returns:
        uint8 [H, 2 * W + 320, 3].
    """
    gutter = np.full((len(game), GUTTER, 3), _BACKGROUND, np.uint8)
    picture = Image.new("RGB", (PANEL_WIDTH, len(game)), _BACKGROUND)
    _draw_panel(ImageDraw.Draw(picture), panel)
    return np.concatenate([game, gutter, overlay, np.asarray(picture)], axis=1)


def write_video(path: Path, frames: Iterable[np.ndarray]) -> None:
    """Encodes frames as an H.264 MP4 at the game's own speed.

    Args:
        path: of the file.
        frames: uint8 [H, W, 3] each, of even height and width, at least one.

    Raises:
        KeyboardInterrupt: nothing is left of the file.
    """
    writer = None
    try:
        for frame in frames:
            if writer is None:
                size = (frame.shape[1], frame.shape[0])
                writer = imageio_ffmpeg.write_frames(
                    str(path),
                    size,
                    fps=STEPS_PER_SECOND,
                    macro_block_size=2,
                    quality=7,
                    ffmpeg_log_level="error",
                    output_params=["-preset", "veryfast"],
                )
                writer.send(None)
            writer.send(np.ascontiguousarray(frame))
    except KeyboardInterrupt as interruption:  # ffmpeg would end what it has, for seconds, and speak of what is missing
        if writer is not None:
            with contextlib.suppress(KeyboardInterrupt, StopIteration):
                writer.throw(interruption)
        path.unlink(missing_ok=True)
        raise
    finally:
        if writer is not None:
            writer.close()


def write_gif(path: Path | IO[bytes], frames: Iterable[np.ndarray]) -> None:
    """Writes frames as an animated GIF that plays over and over, at the game's own speed.

    Args:
        path: of the file, or a file that is open.
        frames: uint8 [H, W, 3] each, at least one.
    """
    first, *others = (Image.fromarray(frame).quantize(128, dither=Image.Dither.NONE) for frame in frames)
    # GIF counts time in hundredths of a second.
    duration = round(100 / STEPS_PER_SECOND) * 10
    first.save(path, "GIF", save_all=True, append_images=others, duration=duration, loop=0)


def strip(
    rows: Sequence[np.ndarray],
    captions: Sequence[str],
    titles: Sequence[str] = (),
    notes: Sequence[Sequence[str]] = (),
) -> np.ndarray:
    """Draws frames in rows, such as consecutive ones of a game above and their overlays below.

    Args:
        rows: uint8 [N, H, W, 3] each, all of one shape.
        captions: N, one under each column, of at most two lines.
        titles: one left of each row, of any lines; none leaves no room for them.
        notes: for each row N, drawn into the frames' lower left corner, "" for none.

    Returns:
        uint8, the picture.
    """
    count, height, width = rows[0].shape[:3]
    gap = 8
    title_lines = [line for title in titles for line in title.splitlines()]
    margin = gap + (max((int(_font(20).getlength(line)) for line in title_lines), default=0) + 2 * gap if titles else 0)
    size = (margin + count * (width + gap), len(rows) * (height + gap) + gap + 2 * _LINE)
    picture = Image.new("RGB", size, (255, 255, 255))
    draw = ImageDraw.Draw(picture)
    for number, frames in enumerate(rows):
        top = gap + number * (height + gap)
        if titles:
            draw.text((gap, top + height / 2), titles[number], fill=(20, 20, 20), font=_font(20), anchor="lm")
        for index, frame in enumerate(frames):
            left = margin + index * (width + gap)
            picture.paste(Image.fromarray(frame), (left, top))
            if notes and notes[number][index]:
                _draw_note(draw, (left, top + height), notes[number][index])
    font = _widest_font([line for caption in captions for line in caption.splitlines()], 20, width - 4)
    for index, caption in enumerate(captions):
        place = (margin + index * (width + gap) + 4, size[1] - 2 * _LINE)
        draw.multiline_text(place, caption, fill=(20, 20, 20), font=font)
    return np.asarray(picture)


def save_png(path: Path, picture: np.ndarray) -> None:
    """Writes a uint8 [H, W, 3] picture."""
    Image.fromarray(picture).save(path)


def _draw_panel(draw: ImageDraw.ImageDraw, panel: PanelText) -> None:
    draw.text((_MARGIN, 14), panel.title, fill=_TEXT, font=_font(28))
    y = 62
    for name, figure in panel.lines:
        draw.text((_MARGIN, y), name, fill=_FAINT, font=_font(18))
        draw.text((PANEL_WIDTH - _MARGIN, y), figure, fill=_TEXT, font=_font(18), anchor="ra")
        y += _LINE
    draw.text((_MARGIN, y), panel.note, fill=_CHOSEN_BAR, font=_font(16))
    y += _LINE
    row = min(_LINE, (630 - y - 10) // len(panel.action_names))
    label = _widest_font(panel.action_names, min(17, row - 2), _BARS_LEFT - _MARGIN - 6)
    for name, figure, length in zip(panel.action_names, panel.figures, panel.lengths, strict=True):
        colour = _CHOSEN_BAR if name == panel.action else _BAR
        draw.text((_MARGIN, y), name, fill=_TEXT if name == panel.action else _FAINT, font=label)
        draw.rectangle((_BARS_LEFT, y + 3, _BARS_LEFT + _BAR_LENGTH * float(length), y + row - 6), fill=colour)
        draw.text((PANEL_WIDTH - _MARGIN, y), figure, fill=_TEXT, font=label, anchor="ra")
        y += row


def _draw_note(draw: ImageDraw.ImageDraw, corner: tuple[int, int], note: str) -> None:
    """Draws a few words on a ground of their own above the lower left corner of a frame."""
    place = (corner[0] + 6, corner[1] - 5)
    left, top, right, bottom = draw.textbbox(place, note, font=_font(14), anchor="ls")
    draw.rectangle((left - 4, top - 3, right + 4, bottom + 3), fill=_BACKGROUND)
    draw.text(place, note, fill=_TEXT, font=_font(14), anchor="ls")


def _widest_font(words: Sequence[str], largest: int, room: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """The largest font in which the longest words fit, in pixels."""
    sizes = (size for size in range(largest, 1, -1) if max(map(_font(size).getlength, words)) <= room)
    return _font(next(sizes, 1))


@functools.cache
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)
