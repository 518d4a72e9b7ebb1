"""Is there a map at all? Blank maps, near-uniform policies, flicker."""

import numpy as np

from xdrl.agents import Explanation
from xdrl.evaluation import Recording
from xdrl.explainers.maps import ALL_NEGATIVE, OK, ZERO_GRADIENT
from xdrl.explanations.measures import entropies

NEAR_UNIFORM = 0.95
"""Of the largest entropy there is: above it the policy hardly prefers an action, and no map can say why it does."""


def check_health(recording: Recording, explanation: Explanation) -> dict[str, float]:
    """Returns what could make an episode's maps worthless.

    Args:
        recording: the episode; where the agent judges actions there is no policy that could be near uniform.
        explanation: a map a step.

    Returns:
        shares of the steps whose map is `blank`, `all negative` or has a `zero gradient`, and whose policy is `near
        uniform`; `flicker`, the mean share of a map's mass that is elsewhere one step later (total variation).
    """
    statuses = np.array(explanation.statuses)
    found = {
        "blank": float((statuses != OK).mean()),
        "all negative": float((statuses == ALL_NEGATIVE).mean()),
        "zero gradient": float((statuses == ZERO_GRADIENT).mean()),
    }
    if not recording.judges_actions:
        largest = np.log(recording.probabilities.shape[-1])
        found["near uniform"] = float((entropies(recording.probabilities) > NEAR_UNIFORM * largest).mean())
    return found | {"flicker": flicker(explanation.maps.reshape(len(statuses), -1))}


def flicker(maps: np.ndarray) -> float:
    """Returns the mean share of the mass that moves between two steps, of float [S, C]; NaN without two maps in a row.

    Blank maps have no mass, and are left out.
    """
    masses = maps.sum(-1, keepdims=True)
    shares = np.divide(maps, masses, out=np.zeros(maps.shape), where=masses > 0)
    moved = np.abs(np.diff(shares, axis=0)).sum(-1) / 2
    is_pair = (masses[1:, 0] > 0) & (masses[:-1, 0] > 0)
    return float(moved[is_pair].mean()) if is_pair.any() else float("nan")
