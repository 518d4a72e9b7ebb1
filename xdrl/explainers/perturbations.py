"""What the methods share that change the observation and look at the outputs: the loop, the grid and the blur."""

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from xdrl.explainers.subjects import PARALLEL_PASSES, Subject

GRID_CELLS = 10
"""Places that are changed, one at a time, down and across: every 8 pixels of an observation of 80."""
# Differs from Greydanus et al.: they change every 5th pixel, which takes 2.6 times as long.
BLUR_DEVIATION, MASK_DEVIATION = 3 / 80, 5 / 80
"""Of the blur and of the place where it is laid on, as a share of the observation's size (Greydanus et al. 2018)."""


def measure_variants(
    subject: Subject, num_variants: int, variant: Callable[[Any], Any], measure: Callable[[Any], Any]
) -> Any:
    """Runs the subject on changed observations, one variant of all of them after the other.

    Args:
        subject: N decisions.
        num_variants: M.
        variant: index below M to the changed observations, float [N, H, W, C].
        measure: outputs to what is wanted of them, float32 [N, D].

    Returns:
        float32 [N, M, D]; nothing else grows with M.
    """
    measured = tf.map_fn(
        lambda index: measure(subject.run(variant(index))),
        tf.range(num_variants),
        fn_output_signature=tf.float32,
        parallel_iterations=PARALLEL_PASSES,
    )
    return tf.transpose(measured, (1, 0, 2))


def measure_grid(
    subject: Subject, replacement: Any, masks: Callable[[int], np.ndarray], measure: Callable[[Any], Any]
) -> Any:
    """Replaces the observation at one place of a grid after the other.

    Args:
        subject: N decisions.
        replacement: what is put there, float [N, H, W, C], or one number.
        masks: size of an axis to the share of the replacement along it, one row a place, float32 [places, size].
        measure: outputs to what is wanted of them, float32 [N, D].

    Returns:
        float32 [N, places down, places across, D].
    """
    observation = subject.observation
    rows, columns = (masks(size) for size in observation.shape[1:3])

    def replaced(index: Any) -> Any:
        row, column = tf.gather(rows, index // len(columns)), tf.gather(columns, index % len(columns))
        mask = tf.cast(row[:, None, None] * column[None, :, None], observation.dtype)
        return observation + mask * (replacement - observation)

    measured = measure_variants(subject, len(rows) * len(columns), replaced, measure)
    return tf.reshape(measured, (-1, len(rows), len(columns), measured.shape[-1]))


def measure_blurred_grid(subject: Subject, measure: Callable[[Any], Any]) -> Any:
    """Blurs the observation at one place of a grid after the other; arguments and result as in `measure_grid`.

    Source: Greydanus et al. 2018, eq. 1.
    """
    return measure_grid(subject, blur_observation(subject.observation), bumps, measure)


def patches(size: int) -> np.ndarray:
    """Cuts an axis into the grid's patches, float32 [places, size]: 1 inside, 0 outside; each pixel is in one."""
    places = min(GRID_CELLS, size)
    owners = np.arange(size) * places // size
    return (owners[None] == np.arange(places)[:, None]).astype(np.float32)


def bumps(size: int) -> np.ndarray:
    """Lays a Gaussian over each of the grid's patches, float32 [places, size], 1 at its centre."""
    places = min(GRID_CELLS, size)
    centres = (np.arange(places) + 0.5) * size / places - 0.5
    return _gaussian(centres[:, None] - np.arange(size)[None], MASK_DEVIATION * size)


def blur_observation(observation: Any) -> Any:
    """Blurs by a Gaussian, float [N, H, W, C]; at the edges it averages what there is."""
    rows, columns = (blur_matrix(size).astype(observation.dtype.as_numpy_dtype) for size in observation.shape[1:3])
    return tf.einsum("ih,nhwc,jw->nijc", rows, observation, columns)


def blur_matrix(size: int) -> np.ndarray:
    """Returns the matrix that blurs an axis, float32 [size, size]; each row adds up to 1."""
    places = np.arange(size)
    weights = _gaussian(places[:, None] - places[None], BLUR_DEVIATION * size)
    return weights / weights.sum(1, keepdims=True)


def _gaussian(distances: np.ndarray, deviation: float) -> np.ndarray:
    return np.exp(-0.5 * (distances / deviation) ** 2).astype(np.float32)
