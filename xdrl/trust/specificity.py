"""Specificity: the map of the action that was taken should not be the map of any other action as well."""

import numpy as np

from xdrl.agents import Agent, Explanation
from xdrl.evaluation import Recording
from xdrl.targets import CHOSEN
from xdrl.trust.similarity import correlations


def explain_runner_up(agent: Agent, recording: Recording, method: str) -> Explanation:
    """Explains every step for the most probable action that was not taken."""
    others = recording.logits.copy()
    others[np.arange(len(others)), recording.actions] = -np.inf
    return agent.explain(recording.screens, recording.state, CHOSEN, method, others.argmax(-1))


def likeness(maps: np.ndarray, other_maps: np.ndarray) -> float:
    """Returns the mean correlation of the maps of two actions: near 1, they are not about the action.

    Args:
        maps, other_maps: float [S, C]. Steps on which both are blank are left out; NaN where all are.
    """
    is_shown = (maps > 0).any(-1) | (other_maps > 0).any(-1)
    return float(correlations(maps[is_shown], other_maps[is_shown]).mean()) if is_shown.any() else float("nan")
