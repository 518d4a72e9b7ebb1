"""Explains every step of a recorded game, and says in figures what was found."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from xdrl.agents import Agent, Explanation
from xdrl.evaluation import Recording
from xdrl.explainers.maps import ALL_NEGATIVE, OK
from xdrl.explanations.highlights import tellings
from xdrl.explanations.measures import entropies, flips_without_memory, margins
from xdrl.explanations.strengths import WEAK_SHARE, is_weak, scale_to_episode, shares_of_strong, strong_peak

STRIP_FRAMES = 6


@dataclass(frozen=True, repr=False)
class ExplainedEpisode:
    """A game, its maps, and how they are scaled.

    Attributes:
        recording: the game.
        explanation: a map a step.
        heatmaps: float32 [S, h, w] in [0, 1], on one scale: how bright they are drawn.
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
    heatmaps = scale_to_episode(explanation.maps, explanation.peaks)
    flips = flips_without_memory(agent, recording)
    return ExplainedEpisode(recording, explanation, heatmaps, flips, target, method)


def explanation_record(agent: Agent, episode: ExplainedEpisode) -> dict[str, Any]:
    """Returns what was measured as plain JSON values: figures of the whole game, then one list a quantity."""
    recording, explanation = episode.recording, episode.explanation
    statuses = np.array(explanation.statuses)
    peaks = explanation.peaks
    shares = shares_of_strong(peaks)
    weak = [is_weak(status, share) for status, share in zip(explanation.statuses, shares, strict=True)]
    judged = {"q_values": np.round(recording.logits, 5).tolist()} if recording.judges_actions else {}
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
        "share_weak": float(np.mean(weak)),
        "weak_below": WEAK_SHARE,
        "strongest_peak": _six_digits(peaks.max()),
        "strong_peak": _six_digits(strong_peak(peaks)),
        "share_all_negative": float((statuses == ALL_NEGATIVE).mean()),
        "share_flipped_without_memory": float(episode.flips.mean()),
        "mean_entropy": float(entropies(recording.probabilities).mean()),
        "strip": {"first_step": strip_start(episode), "frames": min(STRIP_FRAMES, len(peaks))},
        "action_names": list(agent.action_names),
        "action_labels": [agent.game.label(name) for name in agent.action_names],
        "per_step": judged
        | {
            "action": recording.actions.tolist(),
            "probabilities": np.round(recording.probabilities, 5).tolist(),
            "value": np.round(recording.values, 5).tolist(),
            "entropy": np.round(entropies(recording.probabilities), 5).tolist(),
            "margin": np.round(margins(recording.logits), 5).tolist(),
            "reward": recording.rewards.tolist(),
            "lives": recording.lives.tolist(),
            "heatmap_peak": [_six_digits(peak) for peak in peaks],
            "heatmap_share_of_strong": [_six_digits(share) for share in shares],
            "heatmap_status": explanation.statuses,
            "flips_without_memory": episode.flips.tolist(),
        },
    }


def strip_start(episode: ExplainedEpisode) -> int:
    """Returns the first step of the window whose least telling step tells most."""
    telling = tellings(episode.recording.preferences, episode.explanation.peaks)
    if len(telling) <= STRIP_FRAMES:
        return 0
    windows = np.lib.stride_tricks.sliding_window_view(telling, STRIP_FRAMES)
    return int(windows.min(-1).argmax())


def most_telling_step(episode: ExplainedEpisode) -> int:
    """Returns the step at which there is most to see: much depended on the action, under a strong map."""
    return int(tellings(episode.recording.preferences, episode.explanation.peaks).argmax())


def _six_digits(value: float) -> float:
    return float(f"{value:.6g}")
