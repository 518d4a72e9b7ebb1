"""What is for each action, and how far apart that lies for two screens: of a policy, or of Q-values."""

import numpy as np
from scipy.special import log_softmax

OF_Q_VALUES = (
    "This agent has Q-values and no policy. What the policy is to others are here the differences between them: how "
    "far they move is the root mean square of what each Q-value changes by, less what all of them change by."
)
"""What readers of a figure have to know, where the agent judges actions."""


def merits(logits: np.ndarray, judges_actions: bool) -> np.ndarray:
    """Says how much is for each action beside the others.

    Q-values are no logits. Their unit is that of rewards, so that a softmax of them would be a policy that nobody
    plays, nearly uniform or nearly greedy as the rewards happen to be. What an agent goes by that judges actions are
    the differences between them.

    Args:
        logits: float [..., A]; log-probabilities will do, and Q-values where the agent judges actions.
        judges_actions: whether they are Q-values.

    Returns:
        float64 [..., A]: log-probabilities, in nats; or Q-values less their mean, the advantages.

    Source: Wang et al. 2016 (dueling networks), eq. 9, for the advantages.
    """
    values = logits.astype(float)
    return values - values.mean(-1, keepdims=True) if judges_actions else log_softmax(values, axis=-1)


def divergences(before: np.ndarray, after: np.ndarray, judges_actions: bool) -> np.ndarray:
    """Returns how far the policy moves, whatever becomes of the value.

    Args:
        before: logits, log-probabilities, or Q-values, float [A] or [N, A].
        after: the same of the other policies, float [N, A].
        judges_actions: whether they are Q-values.

    Returns:
        float64 [N], not negative: KL(before || after) in nats; of Q-values the root mean square of what their
        advantages change by, which is 0 where all of them change alike.
    """
    first, second = (merits(logits, judges_actions) for logits in (before, after))
    if judges_actions:
        return np.asarray(np.sqrt(np.square(first - second).mean(-1)))
    return np.maximum((np.exp(first) * (first - second)).sum(-1), 0)
