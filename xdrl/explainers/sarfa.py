"""SARFA: where blurring makes an action less likely, and changes little among the other actions."""

from typing import Any

import tensorflow as tf

from xdrl.errors import UserError
from xdrl.explainers.maps import MapBatch, describe
from xdrl.explainers.perturbations import measure_blurred_grid
from xdrl.explainers.subjects import Choice, Subject


def sarfa(subject: Subject) -> MapBatch:
    """Computes the saliency of specific and relevant features, on the observation: a value a place of the grid.

    With P the softmax of the logits and P_rem that of all but the action's: dp = P(action) - P(action, blurred),
    K = 1 / (1 + KL(P_rem, blurred || P_rem)), and map = 2 K dp / (K + dp) where dp is positive, else 0. For a contrast
    both are taken among its two actions alone, where K is 1. `all_negative` where blurring only makes the action
    likelier. Where the agent judges actions the softmax is that of its Q-values, as the paper has it: small differences
    between them make P nearly uniform, and the map then follows what the Q-value loses against the others.

    Raises:
        UserError: the target is about no action.

    Source: Puri et al. 2020, eq. 1 to 3, on Q-values as it is; else the logits stand in place of the action values.
    """
    outputs = subject.run(subject.observation)
    choice = subject.aim(outputs).choice
    if choice is None:
        raise UserError("sarfa: expected a target that is about an action, got a score")
    blurred = measure_blurred_grid(subject, choice.logits)
    return _compare(choice, choice.logits(outputs)[:, None, None], blurred, outputs)


def _compare(choice: Choice, logits: Any, blurred: Any, outputs: Any) -> MapBatch:
    """Compares logits [N, 1, 1, A] with those of the blurred places [N, h, w, A]."""
    action, rivals = (mask[:, None, None] for mask in (choice.action, choice.rivals))
    before, after = (_log_softmax(values, action + rivals) for values in (logits, blurred))
    drops = tf.reduce_sum(action * (tf.exp(before) - tf.exp(after)), -1)
    rest_before, rest_after = (_log_softmax(values, rivals) for values in (logits, blurred))
    divergences = tf.reduce_sum(rivals * tf.exp(rest_after) * (rest_after - rest_before), -1)
    relevances = 1 / (1 + tf.nn.relu(divergences))
    specific = tf.nn.relu(drops)
    maps = 2 * relevances * specific / (relevances + specific)
    return describe(maps, tf.reduce_any(drops != 0, axis=(1, 2)), outputs)


def _log_softmax(logits: Any, members: Any) -> Any:
    """The logarithm of the softmax among the actions whose mask is 1; what the others get is not to be used."""
    among = tf.where(members > 0, logits, logits.dtype.min)
    return logits - tf.reduce_logsumexp(among, -1, keepdims=True)
