"""The logits behind a model's output: what its last softmax or sigmoid was given."""

from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

SOFTMAX, SIGMOID, UNKNOWN = "softmax", "sigmoid", "unknown"
_ENDS = {"Softmax": SOFTMAX, "LogSoftmax": SOFTMAX, "Sigmoid": SIGMOID}
_SAME_NUMBERS = ("Identity", "Cast", "Reshape")
_TOLERANCE = 1e-2
"""How far the sum of probabilities may lie from 1: those of half precision do."""


class Logits(NamedTuple):
    """What an output stands for.

    Attributes:
        values: float32 [N, A].
        end: what the model makes of them: `softmax`, `sigmoid`, or `unknown`, where they are the output itself.
    """

    values: Any
    end: str


def find_logits(output: Any) -> Logits:
    """Finds the logits behind an output [N, A] of a graph that is being traced.

    It goes back over operations that leave the numbers what they are; a softmax that a compiled function hides is not
    seen.
    """
    found = output
    while found.op.type in _SAME_NUMBERS and found.dtype.is_floating:
        found = found.op.inputs[0]
    end = _ENDS.get(found.op.type, UNKNOWN)
    is_over_all = end == SIGMOID or found.shape[-1] == output.shape[-1]
    if end == UNKNOWN or not is_over_all:
        return Logits(tf.cast(output, tf.float32), UNKNOWN)
    return Logits(tf.reshape(tf.cast(found.op.inputs[0], tf.float32), tf.shape(output)), end)


def are_probabilities(output: np.ndarray) -> bool:
    """Says whether an output [N, A] can only be a softmax's: some of several shares, which add up to 1."""
    return output.shape[-1] > 1 and bool((output >= 0).all() and (np.abs(output.sum(-1) - 1) < _TOLERANCE).all())


def to_logits(probabilities: Any) -> Any:
    """Returns logits whose softmax these probabilities [N, A] are."""
    return tf.math.log(tf.maximum(tf.cast(probabilities, tf.float32), np.finfo(np.float32).tiny))
