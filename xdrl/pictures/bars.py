"""How long the bars of an agent's actions are drawn, in pictures, notebooks and the terminal."""

import numpy as np


def bar_lengths(preferences: np.ndarray, judges_actions: bool) -> np.ndarray:
    """Returns how long the actions' bars are drawn: [..., A], in [0, 1].

    Probabilities are lengths as they are. Q-values have no zero of their own: their bars run from the lowest to the
    highest of the step, and where all are equal, half of the way.

    Args:
        preferences: float [..., A], probabilities or Q-values.
        judges_actions: whether they are Q-values.
    """
    if not judges_actions:
        return preferences
    lowest = preferences.min(-1, keepdims=True)
    spread = preferences.max(-1, keepdims=True) - lowest
    return np.where(spread > 0, (preferences - lowest) / np.where(spread > 0, spread, 1), 0.5)
