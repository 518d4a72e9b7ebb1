"""What every method returns: a batch of maps, how strong each one is, and why one is blank."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from xdrl.machine import count_cores

OK, ALL_NEGATIVE, ZERO_GRADIENT, NOT_FINITE = "ok", "all_negative", "zero_gradient", "not_finite"
SINGLE_SCREEN_FLOOR = 1e-6
"""Peaks below this are not blown up to full strength, where a single screen is all there is."""


class MapBatch(NamedTuple):
    """A batch of maps, and the outputs of the decision they belong to.

    Attributes:
        maps: float32 [N, h, w], not negative and not normalised.
        peaks: float32 [N], the largest value of each map.
        statuses: string [N]: `ok`, `all_negative` (all that was seen speaks against the target), `zero_gradient`
            (nothing that was seen matters to it) or `not_finite` (the network answers NaN or infinity); the map is
            blank in all but the first.
        outputs: what the subject decided, in the form of its `decide`.
    """

    maps: Any
    peaks: Any
    statuses: Any
    outputs: Any

    def __repr__(self) -> str:
        """Says how many there are, and not what they are."""
        return f"<MapBatch: maps {list(self.maps.shape)}, peaks, statuses, outputs>"


def describe(signed_maps: Any, has_effect: Any, outputs: Any) -> MapBatch:
    """Keeps what speaks for the target, and says how strong it is.

    Args:
        signed_maps: float [N, h, w], negative where something speaks against the target.
        has_effect: bool [N], whether anything that was seen matters to the target.
        outputs: of the decision.
    """
    numbers = [
        part for part in (signed_maps, *tf.nest.flatten(outputs)) if tf.is_tensor(part) and part.dtype.is_floating
    ]
    is_finite = tf.reduce_all([_all_finite(part) for part in numbers], 0)
    maps = tf.where(is_finite[:, None, None], tf.nn.relu(tf.cast(signed_maps, tf.float32)), 0)
    peaks = tf.reduce_max(maps, axis=(1, 2))
    blank = tf.where(is_finite, tf.where(has_effect, ALL_NEGATIVE, ZERO_GRADIENT), NOT_FINITE)
    return MapBatch(maps, peaks, tf.where(peaks > 0, OK, blank), outputs)


def _all_finite(part: Any) -> Any:
    """Says of each of N whether all its numbers are finite, bool [N]."""
    return tf.reduce_all(tf.math.is_finite(tf.reshape(part, (tf.shape(part)[0], -1))), -1)


def normalise(maps: Any, peaks: Any, floor: Any = SINGLE_SCREEN_FLOOR) -> Any:
    """Scales each map to [0, 1] by its peak, but never by less than the floor: a blank map stays blank.

    Args:
        maps: float32 [N, h, w].
        peaks: float32 [N].
        floor: of the peaks. Where there is an episode, `xdrl.explanations.strengths` has one scale for all of it.
    """
    return maps / tf.maximum(peaks, floor)[:, None, None]


def compile_method(run: Callable[..., Any], signature: Sequence[tf.TensorSpec]) -> Callable[..., Any]:
    """Compiles a function of inputs to their maps; what it raises comes as it is."""
    # Traced at once: TensorFlow warns of many functions that are each traced at their first call.
    return tf.function(run, input_signature=signature, autograph=False).get_concrete_function()


def explain_in_chunks(compiled: Callable[..., MapBatch], inputs: Sequence[np.ndarray], size: int) -> MapBatch:
    """Runs a compiled method as `in_chunks` does; the statuses are a list of strings, all else arrays."""
    found = in_chunks(compiled, inputs, size)
    return found._replace(statuses=found.statuses.astype(str).tolist())


def in_chunks(compiled: Callable[..., Any], inputs: Sequence[np.ndarray], size: int) -> Any:
    """Runs a compiled function over some inputs at a time, so that memory stays bounded however many there are.

    As many chunks are under way as there are cores: each waits now and then for what cannot be shared out.

    Args:
        compiled: inputs to tensors of N each.
        inputs: arrays of N each.
        size: inputs at a time.

    Returns:
        the same of all the inputs, as arrays.
    """

    def run(start: int) -> Any:
        found = compiled(*(tf.constant(part[start : start + size]) for part in inputs))
        return tf.nest.map_structure(lambda tensor: tensor.numpy(), found)

    with ThreadPoolExecutor(count_cores()) as pool:
        parts = list(pool.map(run, range(0, len(inputs[0]), size)))
    return tf.nest.map_structure(lambda *arrays: np.concatenate(arrays), *parts)
