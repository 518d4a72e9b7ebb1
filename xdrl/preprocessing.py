"""From the raw screen to the network's input, inside the graph, and from heatmap cells back to screen pixels."""

import dataclasses
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import ops

from xdrl.backgrounds import decode_background
from xdrl.games import Crop

SCREEN_HEIGHT = 210
SCREEN_WIDTH = 160
OBSERVATION_SIZE = 80
LUMINANCE_WEIGHTS = (0.299, 0.587, 0.114)
"""Of red, green and blue (ITU-R BT.601), which is what the emulator's own gray uses."""
_ACROSS = SCREEN_WIDTH // OBSERVATION_SIZE
"""Screen pixels, side by side, of one observation pixel."""


class Box(NamedTuple):
    """A rectangle on the 210 x 160 screen, in pixels from the top left corner; edges, not pixel centres."""

    top: float
    left: float
    bottom: float
    right: float


class MapGrid(NamedTuple):
    """Where the cells of a feature map lie on the observation, the same way down and across.

    Attributes:
        start: edge of the first cell, in observation pixels.
        stride: size of a cell, in observation pixels.
        cells: cells in a row.
    """

    start: float
    stride: float
    cells: int


@keras.saving.register_keras_serializable("xdrl")
class ScreenPreprocessing(keras.layers.Layer):
    """Crops, takes the background away, averages by area to 80 x 80, takes the luminance and normalises.

    What stands still would otherwise be most of what the network sees: a sprite of Qbert is a change of 1.5 standard
    deviations beside its pyramid, and one of 7 without it. The background goes first, from whole numbers, so that
    the observation is exactly 0 where the screen is its background and the mean is 0.

    Luminance and the averaging across are one product: both are linear, and neighbours on the screen become one pixel.
    The averaging down is a constant matrix: Keras has no area resize, and TensorFlow's has no gradient.
    """

    def __init__(self, crop: Crop, pixel_mean: float, pixel_std: float, background: str = "", **kwargs: Any) -> None:
        """Fixes the crop, the two constants, in [0, 1], and the background, as `encode_background` writes it."""
        super().__init__(**{"trainable": False, **kwargs})
        self.crop, self.pixel_std = crop, pixel_std
        self._given = {"pixel_mean": pixel_mean, "pixel_std": pixel_std, "background": background}
        still = decode_background(background)
        is_screen = still.dtype == np.uint8
        self._still = still[crop.top : crop.bottom].astype(np.float32) if is_screen and still.any() else None
        self._offset = np.float32(pixel_mean) + (0 if is_screen else still)
        self._rows = area_matrix(crop.bottom - crop.top, OBSERVATION_SIZE)
        self._neighbours = np.tile(np.array(LUMINANCE_WEIGHTS, np.float32) / (255 * _ACROSS), _ACROSS)[:, None]

    def call(self, screens: Any) -> Any:
        """Turns screens into observations.

        Args:
            screens: uint8 [N, 210, 160, 3], RGB.

        Returns:
            float32 [N, 80, 80, 1], of deviation 1 over random play; what stands still is near 0, or exactly 0.
        """
        cropped = ops.cast(screens[:, self.crop.top : self.crop.bottom], "float32")
        if self._still is not None:
            cropped = cropped - self._still
        neighbours = ops.reshape(cropped, [-1, len(self._neighbours)])
        luminance = ops.matmul(neighbours, self._neighbours)
        averaged = ops.matmul(self._rows, ops.reshape(luminance, [-1, self._rows.shape[1], OBSERVATION_SIZE]))
        return ops.expand_dims((averaged - self._offset) / self.pixel_std, -1)

    def get_config(self) -> dict[str, Any]:
        """Returns what the layer is built again from, for `keras.Model.save`."""
        return super().get_config() | self._given | {"crop": dataclasses.asdict(self.crop)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "ScreenPreprocessing":
        """Builds the layer from what `get_config` returned."""
        return cls(**config | {"crop": Crop(**config["crop"])})


def area_matrix(size: int, target: int) -> np.ndarray:
    """Returns the matrix that averages by area.

    Args:
        size: pixels before.
        target: pixels after, at most `size`.

    Returns:
        float32 [target, size]; each row adds up to 1.
    """
    edges = np.arange(target + 1) * size / target
    starts = np.maximum(edges[:-1, None], np.arange(size)[None])
    ends = np.minimum(edges[1:, None], np.arange(size)[None] + 1)
    return (np.maximum(ends - starts, 0) * target / size).astype(np.float32)


def heatmap_box(crop: Crop, grid: MapGrid, size: int = OBSERVATION_SIZE) -> Box:
    """Returns the part of the screen that a map's cells stand for, through the same crop the network sees.

    Args:
        crop: what the network sees of the screen.
        grid: where the cells lie on the observation.
        size: of the observation, down and across.
    """
    down = (crop.bottom - crop.top) / size
    across = SCREEN_WIDTH / size
    end = grid.start + grid.cells * grid.stride
    return Box(crop.top + grid.start * down, grid.start * across, crop.top + end * down, end * across)


def crop_box(crop: Crop) -> Box:
    """Returns the part of the screen that an observation stands for."""
    return Box(crop.top, 0, crop.bottom, SCREEN_WIDTH)
