"""Writes what an explained game left: figures as JSON, a strip, a clip and a video, and raw maps where asked for."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from xdrl.agents import Agent
from xdrl.explanations.episodes import ExplainedEpisode, explanation_record
from xdrl.explanations.pictures import clip_frames, draw_comparison, draw_strip, video_frames
from xdrl.pictures.frames import save_png, write_gif, write_video
from xdrl.storage.files import replaced_file, save_json

RECORD, STRIP, CLIP, VIDEO, COMPARISON = "explanation.json", "strip.png", "clip.gif", "video.mp4", "methods.png"


def write_explanation(
    agent: Agent,
    episode: ExplainedEpisode,
    output: Path,
    others: Sequence[ExplainedEpisode] = (),
    on_frame: Callable[[int], None] = lambda count: None,
) -> tuple[dict[str, Any], list[str]]:
    """Writes `explanation.json`, `strip.png`, `clip.gif`, `video.mp4`, and `methods.png` where there are others.

    Args:
        agent: that played.
        episode: what it did.
        output: folder, made where it is missing.
        others: the same game explained by other methods.
        on_frame: called with the number of video frames written so far.

    Returns:
        the figures that went into the JSON, and a line for each file that could not be written: the others are.
    """
    output.mkdir(parents=True, exist_ok=True)
    record = explanation_record(agent, episode)
    save_json(output / RECORD, record)

    def counted() -> Iterator[np.ndarray]:
        for count, frame in enumerate(video_frames(agent, episode), 1):
            yield frame
            on_frame(count)

    writers: dict[str, Callable[[Path], None]] = {
        STRIP: lambda path: save_png(path, draw_strip(agent, episode)),
        CLIP: lambda path: write_gif(path, clip_frames(episode)),
        VIDEO: lambda path: write_video(path, counted()),
    }
    if others:
        writers[COMPARISON] = lambda path: save_png(path, draw_comparison(agent, [episode, *others]))
    return record, [line for name, write in writers.items() if (line := _try_to_write(output / name, write))]


def write_maps(path: Path, actions: np.ndarray, episodes: Sequence[ExplainedEpisode]) -> None:
    """Writes raw maps as a file that numpy reads, the folders on the way included.

    It has `actions` [S], and for each method `METHOD/maps` float32 [S, h, w], `METHOD/peaks`, `METHOD/statuses` and
    `METHOD/box`: top, left, bottom and right of the maps, in pixels of the 210 x 160 screen.

    Args:
        path: of the file.
        actions: int64 [S], that were taken.
        episodes: the game explained by each method.

    Raises:
        UserError: it could not be written.
    """
    arrays: dict[str, Any] = {"actions": actions}
    for episode in episodes:
        found = episode.explanation
        parts = {"maps": found.maps, "peaks": found.peaks, "statuses": np.array(found.statuses), "box": found.box}
        arrays |= {f"{episode.method}/{name}": np.asarray(part) for name, part in parts.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    with replaced_file(path) as aside, aside.open("wb") as file:
        np.savez_compressed(file, **arrays)


def _try_to_write(path: Path, write: Callable[[Path], None]) -> str:
    """Writes a file; says why where that fails, which costs none of the others."""
    try:
        write(path)
    except (OSError, RuntimeError) as error:
        return f"{path} is not written: {' '.join(str(error).split())}"
    return ""
