"""How far two policies lie apart."""

import numpy as np
from scipy.special import log_softmax


def divergences(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Returns KL(before || after) of policies, in nats.

    Args:
        before: logits, or log-probabilities, float [A] or [N, A].
        after: the same of the other policies, float [N, A].

    Returns:
        float64 [N], not negative.
    """
    first, second = (log_softmax(logits.astype(float), axis=-1) for logits in (before, after))
    return np.maximum((np.exp(first) * (first - second)).sum(-1), 0)
