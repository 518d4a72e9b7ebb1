"""Pictures of an explained game: the frames of its video, a strip of consecutive frames, a comparison of methods."""

from collections.abc import Iterator, Sequence

import numpy as np
from keras import ops

from xdrl.agents import CHUNK, Agent
from xdrl.explainers.maps import ALL_NEGATIVE, NOT_FINITE, OK, ZERO_GRADIENT
from xdrl.explanations.episodes import STRIP_FRAMES, ExplainedEpisode, strip_start
from xdrl.explanations.measures import entropies
from xdrl.explanations.strengths import is_weak, say_share, shares_of_strong
from xdrl.pictures.frames import PanelText, strip, video_frame
from xdrl.pictures.overlays import enlarge, overlay

CLIP_FRAMES = 60
"""Of the animated GIF: four seconds."""
_NOTES = {
    OK: "",
    ALL_NEGATIVE: "blank: all speaks against",
    ZERO_GRADIENT: "blank: nothing matters",
    NOT_FINITE: "blank: no number",
}


def video_frames(agent: Agent, episode: ExplainedEpisode) -> Iterator[np.ndarray]:
    """Yields a frame a step: game, overlay and panel side by side, uint8 [630, 1280, 3]."""
    for start in range(0, len(episode.recording.screens), CHUNK):
        part = slice(start, start + CHUNK)
        games, overlays = _enlarged(episode, part, 3)
        for step, (game, picture) in enumerate(zip(games, overlays, strict=True), start):
            yield video_frame(game, picture, panel_text(agent, episode, step))


def clip_frames(episode: ExplainedEpisode) -> Iterator[np.ndarray]:
    """Yields the frames of a short clip around the strip: game and overlay side by side, uint8 [420, 640, 3]."""
    length = len(episode.recording.screens)
    middle = strip_start(episode.explanation.peaks) + STRIP_FRAMES // 2
    start = min(max(middle - CLIP_FRAMES // 2, 0), max(length - CLIP_FRAMES, 0))
    games, overlays = _enlarged(episode, slice(start, start + CLIP_FRAMES), 2)
    yield from np.concatenate([games, overlays], axis=2)


def draw_strip(agent: Agent, episode: ExplainedEpisode) -> np.ndarray:
    """Draws the strip's frames as the paper's Fig. 2: the game above, its overlay below; uint8 [H, W, 3]."""
    part = strip_part(episode)
    words = captions(agent, episode, part)
    notes = (_short_note(episode, step) for step in range(part.start, part.start + len(words)))
    words = [f"{caption}, {note}" if note else caption for caption, note in zip(words, notes, strict=True)]
    return strip(_enlarged(episode, part, 2), words)


def draw_comparison(agent: Agent, episodes: Sequence[ExplainedEpisode]) -> np.ndarray:
    """Draws the same frames as several methods explain them, a row each under the game; uint8 [H, W, 3].

    Args:
        agent: that played.
        episodes: the same game explained by each method, at least one; the first one's strip is drawn.
    """
    part = strip_part(episodes[0])
    rows = [_enlarged(episodes[0], part, 1)[0], *(_enlarged(episode, part, 1)[1] for episode in episodes)]
    return strip(rows, captions(agent, episodes[0], part), ["", *(episode.method for episode in episodes)])


def draw_grid(agents: Sequence[Agent], episodes: Sequence[ExplainedEpisode]) -> np.ndarray:
    """Draws the strongest map of several games as the paper's Fig. 3, the games above; uint8 [H, W, 3]."""
    columns, words = [], []
    for agent, episode in zip(agents, episodes, strict=True):
        step = int(episode.explanation.peaks.argmax())
        columns.append(_enlarged(episode, slice(step, step + 1), 2))
        words.append(f"{agent.game.name}\n{captions(agent, episode, slice(step, step + 1))[0].splitlines()[1]}")
    rows = [np.concatenate(pictures) for pictures in zip(*columns, strict=True)]
    return strip(rows, words)


def strip_part(episode: ExplainedEpisode) -> slice:
    """Returns which steps the strip shows."""
    first = strip_start(episode.explanation.peaks)
    return slice(first, first + STRIP_FRAMES)


def captions(agent: Agent, episode: ExplainedEpisode, part: slice) -> list[str]:
    """Says of each step which it is, and how probable its action was."""
    taken = zip(episode.recording.actions[part], episode.recording.probabilities[part], strict=True)
    return [
        f"step {step:,}\n{agent.action_names[action]} {probabilities[action]:.2f}"
        for step, (action, probabilities) in enumerate(taken, part.start)
    ]


def _enlarged(episode: ExplainedEpisode, part: slice, scale: int) -> tuple[np.ndarray, np.ndarray]:
    """Screens and overlays, uint8 [N, 210 * scale, 160 * scale, 3]."""
    screens = episode.recording.screens[part]
    overlays = overlay(screens, episode.heatmaps[part], episode.explanation.box, scale)
    return ops.convert_to_numpy(enlarge(screens, scale)), ops.convert_to_numpy(overlays)


def _share(episode: ExplainedEpisode, step: int) -> float:
    return float(shares_of_strong(episode.explanation.peaks)[step])


def _short_note(episode: ExplainedEpisode, step: int) -> str:
    """Says of a map that is hardly seen why, in a few words."""
    status, share = episode.explanation.statuses[step], _share(episode, step)
    return "blank" if status != OK else f"weak: {say_share(share)}" if is_weak(status, share) else ""


def _note(episode: ExplainedEpisode, step: int) -> str:
    """The same in a line."""
    status, share = episode.explanation.statuses[step], _share(episode, step)
    return f"weak: {say_share(share)} of a strong map" if is_weak(status, share) else _NOTES[status]


def panel_text(agent: Agent, episode: ExplainedEpisode, step: int) -> PanelText:
    """Returns what the video says beside a step."""
    recording = episode.recording
    action = agent.action_names[recording.actions[step]]
    lines = (
        ("step", f"{step:,}"),
        ("score", f"{recording.rewards[: step + 1].sum():g}"),
        ("action", action),
        ("value", f"{recording.values[step]:.2f}"),
        ("entropy", f"{entropies(recording.probabilities[step : step + 1])[0]:.2f} nats"),
        ("map of", episode.target),
        ("map peak", f"{episode.explanation.peaks[step]:.3g}"),
        ("of a strong map", say_share(_share(episode, step))),
    )
    shares = recording.probabilities[step]
    return PanelText(agent.game.name, lines, action, agent.action_names, shares, _note(episode, step))
