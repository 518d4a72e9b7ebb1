"""What a report says, as plain JSON values: the agent, the game step by step, its key moments and its warnings."""

import math
import platform
from collections.abc import Sequence
from importlib import metadata
from typing import Any

import numpy as np

from xdrl.agents import Agent
from xdrl.decisions import Decision
from xdrl.evaluation import Recording
from xdrl.explainers.maps import ALL_NEGATIVE, OK, SINGLE_SCREEN_FLOOR
from xdrl.explanations.highlights import diverse_highlights, importances, screen_features
from xdrl.explanations.measures import entropies, margins
from xdrl.explanations.strengths import OWN_SCALE_FLOOR, STRONG_PERCENTILE, WEAK_SHARE, is_weak, shares_of_strong
from xdrl.imported_config import ImportedConfig
from xdrl.methods import METHOD_ROWS
from xdrl.own_config import OwnConfig
from xdrl.pictures.colours import colour_table
from xdrl.pictures.frames import STEPS_PER_SECOND
from xdrl.pictures.overlays import STRONGEST_ALPHA
from xdrl.report.known import find_known, finding_command
from xdrl.report.maps import MapSet, ObjectSet
from xdrl.storage.stored_agents import describe_provenance
from xdrl.version import __version__

KEY_MOMENTS, MOMENT_GAP = 8, 15
"""Thumbnails of a report at most, and agent steps between two of them: a second of the game."""
MOSTLY, NEARLY_UNIFORM = 0.5, 0.95
"""Shares above which a report warns: of blank or weak maps, and of the entropy of a policy that knows nothing."""
_Q_VALUES = "Q-values: the return that the agent expects of each action; the value of a screen is the largest of them"
_NO_VALUE = "none: the network has a policy alone, and 0 stands for the value"
_STATE_VALUE = "a state value: the return that the agent expects from the screen on, beside a policy"
_PACKAGES = ("tensorflow", "keras", "numpy", "ale-py")


def describe_page(agent: Agent) -> dict[str, Any]:
    """Returns what a page has to know to draw any game of an agent, the same for a report and for a live page."""
    names = list(agent.action_names)
    return {
        "game": agent.game.name,
        "judges_actions": agent.judges_actions,
        "actions": names,
        "labels": {name: agent.game.label(name) for name in names},
        "largest_entropy": math.log(len(names)),
        "colours": np.round(colour_table(), 2).tolist(),
        "strongest_alpha": STRONGEST_ALPHA,
        "own_scale_floor": OWN_SCALE_FLOOR,
        "single_floor": SINGLE_SCREEN_FLOOR,
        "strong_percentile": STRONG_PERCENTILE,
        "weak_share": WEAK_SHARE,
        "steps_per_second": STEPS_PER_SECOND,
        "any_direction": [name for name, row in METHOD_ROWS.items() if row.any_direction],
        "known": find_known(agent).get("words", {}),
        "known_command": finding_command(agent),
    }


def describe_thoughts(found: Recording | Decision) -> dict[str, list]:
    """Returns what an agent made of N screens: lists of `probabilities`, `value`, and of `q_values` if it has them."""
    judged = {"q_values": np.round(found.logits.astype(float), 4).tolist()} if found.judges_actions else {}
    return judged | {
        "probabilities": np.round(found.probabilities.astype(float), 5).tolist(),
        "value": np.round(found.values.astype(float), 4).tolist(),
    }


def describe_steps(recording: Recording, flips: np.ndarray) -> dict[str, list]:
    """Returns one list a quantity, an element a step.

    Args:
        recording: of S steps.
        flips: bool [S], whether the action would be another without memory.
    """
    return describe_thoughts(recording) | {
        "action": recording.actions.tolist(),
        "entropy": np.round(entropies(recording.probabilities).astype(float), 4).tolist(),
        "margin": np.round(margins(recording.logits).astype(float), 4).tolist(),
        "reward": recording.rewards.tolist(),
        "lives": recording.lives.tolist(),
        "flips": flips.tolist(),
    }


def find_moments(agent: Agent, recording: Recording) -> list[dict[str, Any]]:
    """Returns the key moments in order: their step, and in words what hung on the action."""
    spreads = importances(recording.preferences)
    features = screen_features(recording.screens)
    moments = []
    for step in diverse_highlights(spreads, features, KEY_MOMENTS, MOMENT_GAP).tolist():
        best = agent.action_names[recording.preferences[step].argmax()]
        moments.append({"step": step, "best": best, "spread": round(float(spreads[step]), 4)})
    return moments


def find_warnings(recording: Recording, shown: MapSet | ObjectSet) -> list[str]:
    """Returns what a reader has to know before anything else, a sentence each.

    Args:
        recording: the game.
        shown: the maps that the report opens with.
    """
    statuses = np.array(shown.statuses)
    blank, warnings = (statuses != OK).mean(), []
    if blank > MOSTLY:
        against = (statuses == ALL_NEGATIVE).mean()
        warnings.append(
            f"{blank:.0%} of the maps of {shown.target} by {shown.method} are blank ({against:.0%} because all that is "
            "seen speaks against it): on those steps this report cannot show what the agent went by."
        )
    shares = shares_of_strong(shown.peaks)
    weak = float(np.mean([is_weak(status, share) for status, share in zip(shown.statuses, shares, strict=True)]))
    if weak > MOSTLY:
        warnings.append(
            f"{weak:.0%} of the maps of {shown.target} by {shown.method} are weak, below {WEAK_SHARE:.0%} of a "
            "strong map of this episode. They are drawn faint: little on those screens spoke for it."
        )
    if recording.judges_actions:
        return warnings
    num_actions = recording.probabilities.shape[-1]
    mean_entropy = float(entropies(recording.probabilities).mean())
    if num_actions > 1 and mean_entropy > NEARLY_UNIFORM * math.log(num_actions):
        warnings.append(
            f"The policy is nearly uniform (mean entropy {mean_entropy:.2f} of at most {math.log(num_actions):.2f} "
            "nats): the agent hardly prefers any action, so there is little to explain."
        )
    return warnings


def describe_making(agent: Agent, facts: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Returns how a page was made, name and text in pairs.

    Args:
        agent: that plays.
        facts: what only the caller knows, such as the command; they come after the agent.
    """
    versions = [f"{name} {metadata.version(name)}" for name in _PACKAGES]
    return [
        *describe_provenance(agent.network.config, agent.provenance),
        ("Critic", _say_critic(agent)),
        *facts,
        ("Versions", ", ".join([f"xdrl {__version__}", f"Python {platform.python_version()}", *versions])),
    ]


def _say_critic(agent: Agent) -> str:
    config = agent.network.config
    if isinstance(config, OwnConfig) and config.has_no_value:
        return _NO_VALUE
    if not isinstance(config, ImportedConfig) or not config.judges_actions:
        return _STATE_VALUE
    return f"{_Q_VALUES}; of its actions {config.epsilon:.0%} are meant to be random"
