"""The colour table: readable without seeing hues."""

import numpy as np

from xdrl.pictures.colours import colour_table


def lightness(colours: np.ndarray) -> np.ndarray:
    """Returns the CIE 1976 lightness of sRGB colours in [0, 255]."""
    scaled = colours / 255
    linear = np.where(scaled <= 0.04045, scaled / 12.92, ((scaled + 0.055) / 1.055) ** 2.4)
    luminance = linear @ [0.2126, 0.7152, 0.0722]
    return np.where(luminance > 0.008856, 116 * np.cbrt(luminance) - 16, 903.3 * luminance)


def test_every_strength_has_a_colour_that_can_be_shown():
    table = colour_table()
    assert (table.shape, table.dtype) == ((256, 3), np.float32)
    assert table.min() >= 0 and table.max() <= 255


def test_a_stronger_heat_is_always_lighter():
    assert (np.diff(lightness(colour_table())) > 0).all()


def test_heat_goes_from_nearly_black_to_nearly_white():
    values = lightness(colour_table())
    assert values[0] < 2 and values[-1] > 95
