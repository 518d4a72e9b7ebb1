"""What an agent makes of screens that were changed, beside what it makes of the first one, as it was."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from xdrl.objects.effects import Without
from xdrl.policies import divergences


class Outcomes(NamedTuple):
    """What the agent makes of V versions of a screen; the first one of all is as it was.

    Attributes:
        logits: float32 [V, A].
        scores: float32 [V, A], probabilities, or the logits again where the agent judges actions.
        values: float32 [V].
        leads: float32 [V], by how much the logit of what is preferred at first is above those of actions that do
            something else; negative where the agent would do something else.
    """

    logits: np.ndarray
    scores: np.ndarray
    values: np.ndarray
    leads: np.ndarray


def judge(found: Any, deeds: Sequence[str], judges: bool, preferred: int | None = None) -> Outcomes:
    """Judges what was decided.

    Args:
        found: decisions on V screens: logits [V, A], probabilities [V, A], values [V].
        deeds: what each of A actions does.
        judges: whether the logits are Q-values, of an agent that has no policy.
        preferred: index of the action that is preferred at first; None where the first one of these screens tells.
    """
    first = int(found.logits[0].argmax()) if preferred is None else preferred
    is_same = np.array([deed == deeds[first] for deed in deeds])
    leads = found.logits[:, is_same].max(1) - found.logits[:, ~is_same].max(1, initial=-np.inf)
    return Outcomes(found.logits, found.logits if judges else found.probabilities, found.values, leads)


def compare(first: Outcomes, outcomes: Outcomes, action: int, judges: bool) -> list[Without]:
    """Compares outcomes with the first one of all, for an action that was chosen; `judges` as in `judge`."""
    moves = divergences(first.logits[0], outcomes.logits, judges)
    return [
        Without(
            after=float(outcomes.scores[index, action]),
            divergence=float(moves[index]),
            value_change=float(outcomes.values[index]) - float(first.values[0]),
            action_then=int(logits.argmax()),
            acts_otherwise=bool(outcomes.leads[index] < 0),
            logits=logits,
        )
        for index, logits in enumerate(outcomes.logits)
    ]
