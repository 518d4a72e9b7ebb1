"""Pictures of an explained game: the frames of its video, a strip of consecutive frames, a comparison of methods."""

from collections.abc import Iterator, Sequence

import numpy as np
from keras import ops

from xdrl.agents import CHUNK, Agent
from xdrl.evaluation import Recording
from xdrl.explainers.maps import OK
from xdrl.explanations.episodes import STRIP_FRAMES, ExplainedEpisode, most_telling_step, strip_start
from xdrl.explanations.measures import entropies, margins
from xdrl.explanations.strengths import NOTES, is_weak, note_on_map, say_share, shares_of_strong
from xdrl.pictures.bars import bar_lengths
from xdrl.pictures.frames import PanelText, strip, video_frame
from xdrl.pictures.overlays import enlarge, overlay

CLIP_FRAMES = 60
"""Of the animated GIF: four seconds."""


def video_frames(agent: Agent, episode: ExplainedEpisode) -> Iterator[np.ndarray]:
    """Yields a frame a step: game, overlay and panel side by side, uint8 [630, 1280, 3]."""
    for start in range(0, len(episode.recording.screens), CHUNK):
        part = slice(start, start + CHUNK)
        games, overlays = _enlarged(episode, part, 3)
        for step, (game, picture) in enumerate(zip(games, overlays, strict=True), start):
            yield video_frame(game, picture, panel_text(agent, episode, step))


def clip_frames(episode: ExplainedEpisode, scale: int = 2) -> Iterator[np.ndarray]:
    """Yields the frames of a short clip around the strip, as `paired_frames` does."""
    length = len(episode.recording.screens)
    middle = strip_start(episode) + STRIP_FRAMES // 2
    start = min(max(middle - CLIP_FRAMES // 2, 0), max(length - CLIP_FRAMES, 0))
    yield from paired_frames(episode, range(start, min(start + CLIP_FRAMES, length)), scale)


def paired_frames(episode: ExplainedEpisode, steps: range, scale: int) -> Iterator[np.ndarray]:
    """Yields game and overlay side by side, uint8 [210 * scale, 320 * scale, 3], of steps that follow on each other."""
    for start in steps[::CHUNK]:
        games, overlays = _enlarged(episode, slice(start, min(start + CHUNK, steps.stop)), scale)
        yield from np.concatenate([games, overlays], axis=2)


def draw_strip(agent: Agent, episode: ExplainedEpisode) -> np.ndarray:
    """Draws the strip's frames as the paper's Fig. 2: the game above, its overlay below; uint8 [H, W, 3]."""
    part = strip_part(episode)
    words = captions(agent, episode, part)
    return strip(_enlarged(episode, part, 2), words, notes=[[""] * len(words), _short_notes(episode, part)])


def draw_comparison(agent: Agent, episodes: Sequence[ExplainedEpisode]) -> np.ndarray:
    """Draws the same frames as several methods explain them, a row each under the game; uint8 [H, W, 3].

    Args:
        agent: that played.
        episodes: the same game explained by each method, at least one; the first one's strip is drawn.
    """
    part = strip_part(episodes[0])
    rows = [_enlarged(episodes[0], part, 1)[0], *(_enlarged(episode, part, 1)[1] for episode in episodes)]
    words = captions(agent, episodes[0], part)
    notes = [[""] * len(words), *(_short_notes(episode, part) for episode in episodes)]
    return strip(rows, words, ["the game", *(episode.method for episode in episodes)], notes)


def draw_grid(agents: Sequence[Agent], episodes: Sequence[ExplainedEpisode]) -> np.ndarray:
    """Draws the most telling step of several games as the paper's Fig. 3, the game above its map; uint8 [H, W, 3]."""
    columns, words, notes = [], [], []
    for agent, episode in zip(agents, episodes, strict=True):
        step = most_telling_step(episode)
        part = slice(step, step + 1)
        columns.append(_enlarged(episode, part, 2))
        words.append(f"{agent.game.name}, {captions(agent, episode, part)[0]}")
        notes += _short_notes(episode, part)
    rows = [np.concatenate(pictures) for pictures in zip(*columns, strict=True)]
    return strip(rows, words, ["what\nit saw", "what\nspoke for\nits action"], [[""] * len(words), notes])


def strip_part(episode: ExplainedEpisode) -> slice:
    """Returns which steps the strip shows."""
    first = strip_start(episode)
    return slice(first, first + STRIP_FRAMES)


def captions(agent: Agent, episode: ExplainedEpisode, part: slice) -> list[str]:
    """Says of each step which it is, and how probable its action was, or what its Q-value."""
    recording = episode.recording
    taken = zip(recording.actions[part], recording.preferences[part], strict=True)
    return [
        f"step {step:,}\n{agent.game.label(agent.action_names[action])} {_say(preferences[action], recording, 'Q ')}"
        for step, (action, preferences) in enumerate(taken, part.start)
    ]


def _enlarged(episode: ExplainedEpisode, part: slice, scale: int) -> tuple[np.ndarray, np.ndarray]:
    """Screens and overlays, uint8 [N, 210 * scale, 160 * scale, 3]."""
    screens = episode.recording.screens[part]
    overlays = overlay(screens, episode.heatmaps[part], episode.explanation.box, scale)
    return ops.convert_to_numpy(enlarge(screens, scale)), ops.convert_to_numpy(overlays)


def _share(episode: ExplainedEpisode, step: int) -> float:
    return float(shares_of_strong(episode.explanation.peaks)[step])


def _short_notes(episode: ExplainedEpisode, part: slice) -> list[str]:
    """Says of maps that are hardly seen why, in a few words each."""
    statuses, shares = episode.explanation.statuses[part], shares_of_strong(episode.explanation.peaks)[part]
    return [
        NOTES[status] if status != OK else f"weak: {say_share(share)}" if is_weak(status, share) else ""
        for status, share in zip(statuses, shares.tolist(), strict=True)
    ]


def panel_text(agent: Agent, episode: ExplainedEpisode, step: int) -> PanelText:
    """Returns what the video says beside a step."""
    recording = episode.recording
    labels = tuple(map(agent.game.label, agent.action_names))
    action = labels[recording.actions[step]]
    lines = (
        ("step", f"{step:,}"),
        ("score", f"{recording.rewards[: step + 1].sum():g}"),
        ("action", action),
        *_judgement(recording, step),
        ("map of", episode.target),
        ("map peak", f"{episode.explanation.peaks[step]:.3g}"),
        ("of a strong map", say_share(_share(episode, step))),
    )
    note = note_on_map(episode.explanation.statuses[step], _share(episode, step))
    preferences = recording.preferences[step]
    figures = tuple(_say(preference, recording) for preference in preferences)
    lengths = bar_lengths(preferences, recording.judges_actions)
    return PanelText(agent.game.name, lines, action, labels, figures, lengths, note)


def _say(preference: float, recording: Recording, sign: str = "") -> str:
    """Writes a probability, or a Q-value, of which the differences are small, after its sign."""
    return f"{sign}{preference:.3f}" if recording.judges_actions else f"{preference:.2f}"


def _judgement(recording: Recording, step: int) -> tuple[tuple[str, str], ...]:
    """Says what the critic makes of a step, and how sure the agent was."""
    if recording.judges_actions:
        lead = margins(recording.logits[step : step + 1])[0]
        return ("best Q-value", f"{recording.values[step]:.2f}"), ("above the next", f"{lead:.3f}")
    nats = entropies(recording.probabilities[step : step + 1])[0]
    return ("value", f"{recording.values[step]:.2f}"), ("entropy", f"{nats:.2f} nats")
