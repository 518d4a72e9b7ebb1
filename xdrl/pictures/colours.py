"""The colours of heatmaps, from weak to strong."""

import numpy as np

_ANCHORS = ((0, 0, 4), (87, 16, 110), (188, 55, 84), (249, 142, 9), (252, 255, 164))
"""Evenly spaced colours of matplotlib's inferno: lightness rises steadily, so colour-blind readers lose nothing."""


def colour_table() -> np.ndarray:
    """Returns the colours of strengths 0 to 255, float32 [256, 3], each in [0, 255]."""
    anchors = np.array(_ANCHORS, np.float32)
    positions = np.linspace(0, len(anchors) - 1, 256)
    channels = [np.interp(positions, np.arange(len(anchors)), anchors[:, channel]) for channel in range(3)]
    return np.stack(channels, -1).astype(np.float32)
