"""What a map of a Keras model is about: an index of its first output, or a function of its outputs."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from xdrl.errors import UserError
from xdrl.explainers.logits import SIGMOID, UNKNOWN, Logits
from xdrl.explainers.subjects import Choice, Goal

ModelTarget = int | Sequence[int] | Callable[[Any], Any] | None


def check_indices(target: Any, shape: Sequence[int], num_images: int) -> np.ndarray | None:
    """Returns the index of the first output that each image is explained for, int32 [N]; None where it is the largest.

    Args:
        target: a number, or N of them, or None.
        shape: of the first output, [N, A].
        num_images: N.

    Raises:
        UserError: it is no index of the output, or it is not one an image.
    """
    indices = None if target is None else _as_indices(target, num_images)
    if len(shape) != 2:
        raise UserError(f"expected a target that is a function, for a first output of shape {[None, *shape[1:]]}")
    if indices is None:
        return None
    wrong = indices[(indices < 0) | (indices >= shape[1])]
    if wrong.size:
        raise UserError(f"expected a target from 0 to {shape[1] - 1}, got {wrong[0]}")
    return np.broadcast_to(indices, num_images).astype(np.int32)


def _as_indices(target: Any, num_images: int) -> np.ndarray:
    expected = f"expected a target that is an index, a list of {num_images} (one an image), a function or None"
    try:
        indices = np.asarray(target)
    except ValueError:
        raise UserError(f"{expected}, got {target!r}") from None
    if indices.dtype.kind not in "iu" or indices.ndim > 1:
        raise UserError(f"{expected}, got {target!r}")
    if indices.ndim == 1 and len(indices) != num_images:
        raise UserError(f"{expected}, got {len(indices)}")
    return indices


def index_goal(logits: Logits, indices: Any) -> Goal:
    """Returns the goal of an index of the first output.

    Behind a sigmoid each index is a decision of its own, for or against; else one index is held against the others.

    Args:
        logits: behind the first output.
        indices: integer [N]; None takes the largest, and asks the methods that can whether anything matters.
    """
    is_largest = indices is None
    chosen = tf.one_hot(tf.argmax(logits.values, -1) if is_largest else indices, logits.values.shape[-1])

    def score(found: Any) -> Any:
        return tf.reduce_sum(chosen * found.logits.values, -1)

    def response(found: Any) -> Any:
        return found.logits.values if is_largest else score(found)[:, None]

    if logits.end == SIGMOID:
        return Goal(score, response, lambda found, _: tf.sigmoid(score(found)), _for_or_against(score))
    if logits.end == UNKNOWN and logits.values.shape[-1] == 1:
        return score_goal(score)
    return Goal(
        score,
        response,
        confidence=lambda found, _: tf.reduce_sum(chosen * tf.nn.softmax(found.logits.values), -1),
        choice=Choice(lambda found: found.logits.values, chosen, 1 - chosen),
    )


def _for_or_against(score: Callable[[Any], Any]) -> Choice:
    """The choice of a single logit: its softmax against 0 is its sigmoid."""
    return Choice(
        logits=lambda found: tf.stack([score(found), tf.zeros_like(score(found))], -1),
        action=tf.constant([[1.0, 0.0]]),
        rivals=tf.constant([[0.0, 1.0]]),
    )


def score_goal(score: Callable[[Any], Any]) -> Goal:
    """Returns the goal of a score, outputs to float32 [N], that is no probability."""
    return Goal(score, lambda found: score(found)[:, None], lambda found, blank: score(found) - score(blank))


def check_scores(
    function: Callable[[Any], Any], outputs: Sequence[np.ndarray], num_images: int
) -> Callable[[Sequence[Any]], Any]:
    """Returns a user's function of the outputs as one to float32 [N].

    Args:
        function: of the outputs, one or a list of them.
        outputs: of one image, [1, ...] each.
        num_images: N.

    Raises:
        UserError: it does not take the outputs of N images to N scores.
    """

    def score(outputs: Sequence[Any]) -> Any:
        scores = tf.convert_to_tensor(function(outputs[0] if len(outputs) == 1 else list(outputs)))
        if scores.shape not in ((num_images,), (num_images, 1)):
            raise UserError(f"expected a target of {num_images} scores, one an image, got {list(scores.shape)}")
        return tf.reshape(tf.cast(scores, tf.float32), (num_images,))

    def try_out(*outputs: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(outputs)
            total = score(outputs)
        return tape.gradient(total, outputs, unconnected_gradients=tf.UnconnectedGradients.ZERO)

    try:
        # Compiled, as it will be.
        tf.function(try_out, autograph=False)(*(tf.repeat(output, num_images, 0) for output in outputs))
    except UserError:
        raise
    except Exception as error:
        raise UserError(
            f"expected a target that takes the outputs of all {num_images} images to as many scores, got "
            f"{type(error).__name__} in it: {' '.join(str(error).split())[:200]}"
        ) from error
    return score
