"""Colour: heatmaps over screens, in backend operations, so that videos and the exported graph share one overlay."""

from typing import Any

import numpy as np
from keras import ops

from xdrl.pictures.colours import colour_table
from xdrl.preprocessing import SCREEN_HEIGHT, SCREEN_WIDTH, Box

OVERLAY_SCALE = 3
"""Overlay pixels of one screen pixel, across and down."""
STRONGEST_ALPHA = 0.8
"""Opacity where the heatmap is 1: what lies under the heat stays visible."""


def overlay(screens: Any, heatmaps: Any, box: Box, scale: int = OVERLAY_SCALE) -> Any:
    """Lays heatmaps over screens: colour and opacity follow the strength, and a blank map changes nothing.

    Args:
        screens: uint8 [N, 210, 160, 3].
        heatmaps: float32 [N, h, w] in [0, 1].
        box: the part of the screen that the heatmaps stand for; outside it the screen stays as it is.
        scale: overlay pixels of one screen pixel.

    Returns:
        uint8 [N, 210 * scale, 160 * scale, 3].
    """
    rows = stretch_matrix(heatmaps.shape[1], box.top, box.bottom, SCREEN_HEIGHT)
    columns = stretch_matrix(heatmaps.shape[2], box.left, box.right, SCREEN_WIDTH)
    strengths = ops.matmul(rows, ops.matmul(heatmaps, columns.T))
    colours = ops.take(colour_table(), ops.cast(ops.clip(strengths, 0, 1) * 255, "int32"), axis=0)
    alpha = STRONGEST_ALPHA * strengths[..., None]
    blended = (1 - alpha) * ops.cast(screens, "float32") + alpha * colours
    return enlarge(ops.cast(ops.clip(blended + 0.5, 0, 255), "uint8"), scale)


def enlarge(screens: Any, scale: int = OVERLAY_SCALE) -> Any:
    """Repeats every pixel `scale` times across and down: uint8 [N, H, W, 3] to [N, H * scale, W * scale, 3]."""
    return ops.repeat(ops.repeat(screens, scale, axis=1), scale, axis=2)


def stretch_matrix(cells: int, start: float, end: float, size: int) -> np.ndarray:
    """Returns the matrix that stretches cells over a part of the screen, linearly between the cells' centres.

    Args:
        cells: of the map.
        start, end: of the part, in screen pixels.
        size: of the screen, in pixels.

    Returns:
        float32 [size, cells]; a row adds up to 1 inside the part and is 0 outside it.
    """
    centres = np.arange(size) + 0.5
    positions = np.clip((centres - start) / (end - start) * cells - 0.5, 0, cells - 1)
    weights = np.maximum(1 - np.abs(positions[:, None] - np.arange(cells)[None]), 0)
    is_inside = (centres >= start) & (centres < end)
    return (weights * is_inside[:, None]).astype(np.float32)
