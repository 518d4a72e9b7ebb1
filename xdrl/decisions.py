"""What an agent makes of screens: its decisions, and what it looked at, as records that show themselves."""

from typing import NamedTuple

import numpy as np

from xdrl.memories import Memory
from xdrl.notebooks import cards
from xdrl.preprocessing import Box


class Decision(NamedTuple):
    """What the agent makes of N screens.

    Attributes:
        actions: int64 [N], the best ones by their logits.
        probabilities: float32 [N, A], with which the agent is meant to draw its actions.
        logits: float32 [N, A]; Q-values where the agent judges actions.
        values: float32 [N], of the discounted clipped return; the largest Q-value where the agent judges actions.
        state: the memory to hand back with the next screens.
        screens: uint8 [N, 210, 160, 3], that were decided on.
        action_names: A of them, in the order of the probabilities.
        judges_actions: whether the logits are Q-values.
    """

    actions: np.ndarray
    probabilities: np.ndarray
    logits: np.ndarray
    values: np.ndarray
    state: Memory
    screens: np.ndarray | None = None
    action_names: tuple[str, ...] = ()
    judges_actions: bool = False

    @property
    def preferences(self) -> np.ndarray:
        """How good the actions look: Q-values where the agent judges actions, else probabilities; float32 [N, A]."""
        return self.logits if self.judges_actions else self.probabilities

    def __repr__(self) -> str:
        """Names the actions."""
        return cards.say_decision(self.actions, self.preferences, self.action_names)

    def _repr_html_(self) -> str:
        shown = self.screens, self.actions, self.preferences, self.values, self.action_names, self.judges_actions
        return cards.draw_decision(*shown)


class Explanation(NamedTuple):
    """What the agent looked at on N screens.

    Attributes:
        maps: float32 [N, h, w], raw; `peaks` says how strong each one is.
        peaks: float32 [N].
        statuses: list of N: `ok`, `all_negative`, `zero_gradient` or `not_finite`.
        box: the part of the 210 x 160 screen that the maps stand for.
        asked: what was explained; None where nobody said.
    """

    maps: np.ndarray
    peaks: np.ndarray
    statuses: list[str]
    box: Box
    asked: cards.Question | None = None

    def __repr__(self) -> str:
        """Says what was asked and how many maps are there."""
        return cards.say_explanation(self.maps, self.peaks, self.statuses, self.asked)

    def _repr_html_(self) -> str:
        return cards.draw_explanation(*self)
