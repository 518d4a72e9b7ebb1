"""Plays a game, explains every step, and writes what was seen: a video, a strip and a JSON of the figures."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from keras import ops

from xdrl.agents import CHUNK, Agent, Explanation
from xdrl.evaluation import Recording, save_json
from xdrl.explainers.maps import ALL_NEGATIVE, OK, SINGLE_SCREEN_FLOOR, ZERO_GRADIENT, normalise
from xdrl.figures import PanelText, save_png, strip, video_frame, write_video
from xdrl.visuals import enlarge, overlay

EPISODE_FLOOR = 1e-3
"""Of the episode's peak: no map is blown up by more than this allows."""
STRIP_FRAMES = 6
_NOTES = {OK: "", ALL_NEGATIVE: "blank: all speaks against", ZERO_GRADIENT: "blank: nothing matters"}


@dataclass(frozen=True)
class ExplainedEpisode:
    """A game, its maps, and how they are scaled.

    Attributes:
        recording: the game.
        explanation: a map a step.
        heatmaps: float32 [S, h, w] in [0, 1].
        flips: bool [S], whether the most probable action would be another with a zeroed core state.
        target: what the maps are about.
        method: that made them.
    """

    recording: Recording
    explanation: Explanation
    heatmaps: np.ndarray
    flips: np.ndarray
    target: str
    method: str


def explain_episode(agent: Agent, recording: Recording, target: str, method: str) -> ExplainedEpisode:
    """Explains every step of a recorded game, the core state held fixed.

    Raises:
        UserError: there is no such target or method.
    """
    explanation = agent.explain(recording.screens, recording.state, target, method, recording.actions)
    floor = max(EPISODE_FLOOR * float(explanation.peaks.max()), SINGLE_SCREEN_FLOOR)
    heatmaps = ops.convert_to_numpy(normalise(explanation.maps, explanation.peaks, floor))
    without_memory = np.concatenate(
        [agent.act(recording.screens[part]).actions for part in _chunks(len(recording.screens))]
    )
    flips = without_memory != recording.logits.argmax(-1)
    return ExplainedEpisode(recording, explanation, heatmaps, flips, target, method)


def write_explanation(
    agent: Agent, episode: ExplainedEpisode, output: Path, on_frame: Callable[[int], None] = lambda count: None
) -> dict[str, Any]:
    """Writes `video.mp4`, `strip.png` and `explanation.json`.

    Args:
        agent: that played.
        episode: what it did.
        output: folder, made where it is missing.
        on_frame: called with the number of video frames written so far.

    Returns:
        the figures that went into the JSON.
    """
    output.mkdir(parents=True, exist_ok=True)
    record = explanation_record(agent, episode)
    save_json(output / "explanation.json", record)
    first = record["strip"]["first_step"]
    save_png(output / "strip.png", _draw_strip(agent, episode, slice(first, first + STRIP_FRAMES)))

    def counted() -> Iterator[np.ndarray]:
        for count, frame in enumerate(_video_frames(agent, episode), 1):
            yield frame
            on_frame(count)

    write_video(output / "video.mp4", counted())
    return record


def explanation_record(agent: Agent, episode: ExplainedEpisode) -> dict[str, Any]:
    """Returns what was measured as plain JSON values: figures of the whole game, then one list a quantity."""
    recording, explanation = episode.recording, episode.explanation
    statuses = np.array(explanation.statuses)
    peaks = explanation.peaks
    return {
        "game": agent.game.name,
        "agent": agent.provenance.source.as_posix(),
        "agent_steps": agent.provenance.agent_steps,
        "network": agent.network.config.kind,
        "method": episode.method,
        "target": episode.target,
        "steps": len(recording.actions),
        "score": float(recording.rewards.sum()),
        "is_over": recording.is_over,
        "heatmap_cells": list(episode.heatmaps.shape[1:]),
        "heatmap_box": explanation.box._asdict(),
        "share_blank": float((statuses != OK).mean()),
        "share_all_negative": float((statuses == ALL_NEGATIVE).mean()),
        "share_flipped_without_memory": float(episode.flips.mean()),
        "mean_entropy": float(_entropies(recording.probabilities).mean()),
        "strip": {"first_step": _strip_start(peaks), "frames": min(STRIP_FRAMES, len(peaks))},
        "action_names": list(agent.action_names),
        "per_step": {
            "action": recording.actions.tolist(),
            "probabilities": np.round(recording.probabilities, 5).tolist(),
            "value": np.round(recording.values, 5).tolist(),
            "entropy": np.round(_entropies(recording.probabilities), 5).tolist(),
            "margin": np.round(_margins(recording.logits), 5).tolist(),
            "reward": recording.rewards.tolist(),
            "lives": recording.lives.tolist(),
            "heatmap_peak": [float(f"{peak:.6g}") for peak in peaks],
            "heatmap_status": explanation.statuses,
            "flips_without_memory": episode.flips.tolist(),
        },
    }


def _video_frames(agent: Agent, episode: ExplainedEpisode) -> Iterator[np.ndarray]:
    recording = episode.recording
    scores = np.cumsum(recording.rewards)
    entropies = _entropies(recording.probabilities)
    for part in _chunks(len(recording.screens)):
        screens = recording.screens[part]
        games = ops.convert_to_numpy(enlarge(screens))
        overlays = ops.convert_to_numpy(overlay(screens, episode.heatmaps[part], episode.explanation.box))
        for offset, (game, picture) in enumerate(zip(games, overlays, strict=True)):
            step = part.start + offset
            lines = (
                ("step", f"{step:,}"),
                ("score", f"{scores[step]:g}"),
                ("action", agent.action_names[recording.actions[step]]),
                ("value", f"{recording.values[step]:.2f}"),
                ("entropy", f"{entropies[step]:.2f} nats"),
                ("map of", episode.target),
                ("map peak", f"{episode.explanation.peaks[step]:.3g}"),
            )
            panel = PanelText(
                agent.game.name,
                lines,
                agent.action_names[recording.actions[step]],
                agent.action_names,
                recording.probabilities[step],
                _NOTES[episode.explanation.statuses[step]],
            )
            yield video_frame(game, picture, panel)


def _draw_strip(agent: Agent, episode: ExplainedEpisode, part: slice) -> np.ndarray:
    recording = episode.recording
    screens = recording.screens[part]
    captions = [
        f"step {part.start + index:,}\n{agent.action_names[action]} {probabilities[action]:.2f}"
        for index, (action, probabilities) in enumerate(
            zip(recording.actions[part], recording.probabilities[part], strict=True)
        )
    ]
    overlays = overlay(screens, episode.heatmaps[part], episode.explanation.box, scale=2)
    return strip(ops.convert_to_numpy(enlarge(screens, 2)), ops.convert_to_numpy(overlays), captions)


def _strip_start(peaks: np.ndarray) -> int:
    """The window whose weakest map is strongest: frames in which the target had most to go by."""
    if len(peaks) <= STRIP_FRAMES:
        return 0
    windows = np.lib.stride_tricks.sliding_window_view(peaks, STRIP_FRAMES)
    return int(windows.min(-1).argmax())


def _entropies(probabilities: np.ndarray) -> np.ndarray:
    """In nats, float32 [S, A] to [S]."""
    return -np.sum(probabilities * np.log(np.maximum(probabilities, np.finfo(np.float32).tiny)), axis=-1)


def _margins(logits: np.ndarray) -> np.ndarray:
    """How far the most probable action's logit lies above the next one's: float32 [S, A] to [S]."""
    ordered = np.sort(logits, axis=-1)
    return ordered[:, -1] - ordered[:, -2] if logits.shape[-1] > 1 else np.zeros(len(logits))


def _chunks(length: int) -> Iterator[slice]:
    return (slice(start, min(start + CHUNK, length)) for start in range(0, length, CHUNK))
