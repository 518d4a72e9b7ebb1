"""A screen as other libraries show it to their agents: gray or not, smaller, equal to OpenCV's to the bit."""

from typing import Any

import keras
import numpy as np
from keras import ops

from xdrl.games import Crop
from xdrl.preprocessing import SCREEN_HEIGHT, SCREEN_WIDTH

WARPED_SIZE = 84
WHOLE_SCREEN = Crop(0, SCREEN_HEIGHT)
GRAY_WEIGHTS, GRAY_SHIFT = (9798, 19235, 3735), 15
"""Of red, green and blue, and by how many bits their sum is shifted: OpenCV computes gray in whole numbers."""


@keras.saving.register_keras_serializable("xdrl")
class WarpedScreen(keras.layers.Layer):
    """Makes screens gray and averages them by area, to 84 x 84 unless told otherwise, with OpenCV's rounding.

    The weighted pixels are added one by one and in OpenCV's order, across and then down: a matrix product adds them
    in an order of its own, and rounds one pixel in two thousand to the other side. There is no gradient.

    Source: OpenCV's `cvtColor(COLOR_RGB2GRAY)` and `resize(INTER_AREA)`, as Stable-Baselines3's `WarpFrame` calls them.
    """

    def __init__(
        self,
        gray_first: bool = True,
        height: int = WARPED_SIZE,
        width: int = WARPED_SIZE,
        is_gray: bool = True,
        **kwargs: Any,
    ) -> None:
        """Fixes size, colours and order: gray first, as Stable-Baselines3 has it, or smaller first, as CleanRL does."""
        super().__init__(**{"trainable": False, "dtype": "float32", **kwargs})
        self.gray_first, self.shape = gray_first, (height, width, 1 if is_gray else 3)
        self._across, self._down = area_taps(SCREEN_WIDTH, width), area_taps(SCREEN_HEIGHT, height)

    def call(self, screens: Any) -> Any:
        """Warps screens.

        Args:
            screens: uint8 [N, 210, 160, 3], RGB.

        Returns:
            uint8 [N, H, W, C], one channel of gray or three of colours.
        """
        if self.shape[-1] > 1:
            return ops.cast(self._shrink(screens), "uint8")
        if self.gray_first:
            return ops.cast(self._shrink(_gray(screens)), "uint8")
        return ops.cast(_gray(self._shrink(screens)), "uint8")

    def _shrink(self, screens: Any) -> Any:
        """Averages by area, and rounds halves to the even number: [N, 210, 160, C] to float32 [N, H, W, C]."""
        height, width, channels = *self.shape[:2], screens.shape[-1]
        down, across = SCREEN_HEIGHT // height, SCREEN_WIDTH // width
        if (down * height, across * width) == (SCREEN_HEIGHT, SCREEN_WIDTH):  # blocks of whole pixels, added at once
            blocks = ops.reshape(ops.cast(screens, "int32"), (-1, height, down, width, across, channels))
            sums = ops.cast(ops.sum(blocks, (2, 4)), "float32")
            if (down, across) == (2, 2):
                return ops.floor((sums + 2) / 4)  # of which halves are rounded up
            return ops.round(sums * np.float32(1 / (down * across)))
        pixels = ops.cast(screens, "float32")
        for axis, (places, shares) in ((2, self._across), (1, self._down)):
            shape = [1, 1, 1, 1]
            shape[axis] = places.shape[-1]
            total = 0.0
            for place, share in zip(places, shares, strict=True):
                total = ops.take(pixels, place, axis=axis) * share.reshape(shape) + total
            pixels = total
        return ops.round(pixels)

    def get_config(self) -> dict[str, Any]:
        """Returns what the layer is built again from, for `keras.Model.save`."""
        height, width, channels = self.shape
        sizes = {"height": height, "width": width, "is_gray": channels == 1}
        return super().get_config() | {"gray_first": self.gray_first} | sizes


def area_taps(size: int, target: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns which pixels of an axis are averaged to which, and by what share, as OpenCV tabulates them.

    Args:
        size: pixels before.
        target: pixels after, at most `size`.

    Returns:
        places int32 and shares float32, [K, target] each: the k-th pixel of every average.
    """
    scale = size / target
    taps = []
    for index in range(target):
        start, end = index * scale, (index + 1) * scale
        cell = min(scale, size - start)
        first, last = int(np.ceil(start - 1e-3)), min(int(np.floor(end + 1e-9)), size - 1)
        tap = [(place, 1 / cell) for place in range(first, last)]
        if first - start > 1e-3:
            tap = [(first - 1, (first - start) / cell), *tap]
        if end - last > 1e-3:
            tap.append((last, min(end - last, 1.0, cell) / cell))
        taps.append(tap)
    longest = max(map(len, taps))
    padded = [tap + [(tap[-1][0], 0.0)] * (longest - len(tap)) for tap in taps]
    table = np.array(padded).transpose(1, 0, 2)
    return table[..., 0].astype(np.int32), table[..., 1].astype(np.float32)


def _gray(screens: Any) -> Any:
    """Weighs the colours in whole numbers: [N, H, W, 3] of 0 to 255 to int32 [N, H, W, 1]."""
    red, green, blue = (ops.cast(screens[..., index : index + 1], "int32") for index in range(3))
    total = red * GRAY_WEIGHTS[0] + green * GRAY_WEIGHTS[1] + blue * GRAY_WEIGHTS[2]
    return ops.right_shift(total + (1 << (GRAY_SHIFT - 1)), GRAY_SHIFT)
