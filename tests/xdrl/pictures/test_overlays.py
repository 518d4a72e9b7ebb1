"""The overlay: heat lies over what it is about, and over nothing else."""

import numpy as np
import pytest
from keras import ops

from xdrl.explainers.maps import normalise
from xdrl.pictures.colours import colour_table
from xdrl.pictures.overlays import STRONGEST_ALPHA, enlarge, overlay, stretch_matrix
from xdrl.preprocessing import Box

BOX = Box(34, 0, 194, 160)  # ten cells down and across: 16 x 16 pixels each
BLOCK = 16


def noise(count: int = 1) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, 210, 160, 3)).astype(np.uint8)


def draw(screens: np.ndarray, heatmaps: np.ndarray, box: Box = BOX, scale: int = 1) -> np.ndarray:
    return ops.convert_to_numpy(overlay(screens, heatmaps, box, scale))


def hot(row: int, column: int, cells: int = 10) -> np.ndarray:
    heatmap = np.zeros((1, cells, cells), np.float32)
    heatmap[0, row, column] = 1
    return heatmap


@pytest.mark.parametrize(("row", "column"), [(0, 0), (3, 7), (9, 9), (9, 0), (5, 5)])
def test_one_hot_cell_colours_its_block_and_half_a_block_around_it(row, column):
    screens = noise()
    changed = (draw(screens, hot(row, column)) != screens)[0].any(-1)
    top, left = 34 + row * BLOCK, column * BLOCK
    near = np.zeros((210, 160), bool)
    # Linear interpolation reaches the centres of the neighbours, and ends with the crop.
    near[max(top - 8, 34) : min(top + 24, 194), max(left - 8, 0) : left + 24] = True
    assert not changed[~near].any()
    assert changed[top : top + BLOCK, left : left + BLOCK].all()


def test_the_hottest_pixels_are_the_middle_of_the_hot_cell():
    pictures = draw(np.zeros((1, 210, 160, 3), np.uint8), hot(3, 7)).astype(int).sum(-1)[0]
    rows, columns = np.where(pictures == pictures.max())
    assert (rows.min(), rows.max()) == (34 + 3 * BLOCK + 7, 34 + 3 * BLOCK + 8)
    assert (columns.min(), columns.max()) == (7 * BLOCK + 7, 7 * BLOCK + 8)


def test_nothing_outside_the_box_changes_by_one_bit():
    screens = noise()
    box = Box(46.0, 12.0, 174.0, 140.0)
    pictures = draw(screens, np.ones((1, 8, 8), np.float32), box)
    inside = np.zeros((210, 160), bool)
    inside[46:174, 12:140] = True
    np.testing.assert_array_equal(pictures[0][~inside], screens[0][~inside])
    assert (pictures[0][inside] != screens[0][inside]).any(-1).mean() > 0.99


def test_a_blank_map_leaves_the_screen_bit_identical():
    screens = noise(2)
    np.testing.assert_array_equal(draw(screens, np.zeros((2, 10, 10), np.float32)), screens)


def test_full_heat_everywhere_blends_with_the_strongest_colour():
    pictures = draw(np.full((1, 210, 160, 3), 100, np.uint8), np.ones((1, 10, 10), np.float32))
    expected = np.round((1 - STRONGEST_ALPHA) * 100 + STRONGEST_ALPHA * colour_table()[-1])
    assert np.abs(pictures[0, 34:194].astype(float) - expected).max() <= 1


def test_more_heat_is_more_opaque():
    screens = np.full((4, 210, 160, 3), 255, np.uint8)
    heatmaps = np.ones((4, 10, 10), np.float32) * np.array([0.0, 0.25, 0.5, 1.0], np.float32)[:, None, None]
    change = np.abs(draw(screens, heatmaps).astype(int) - 255)[:, 34:194].mean((1, 2, 3))
    assert change[0] == 0 and change[1] < change[2]


def test_each_screen_of_a_batch_has_its_own_heat():
    screens = noise(2)
    heatmaps = np.concatenate([hot(0, 0), hot(9, 9)])
    together = draw(screens, heatmaps)
    for index in range(2):
        part = slice(index, index + 1)
        np.testing.assert_array_equal(together[part], draw(screens[part], heatmaps[part]))


def test_the_overlay_is_the_small_one_with_every_pixel_repeated():
    screens = noise()
    small, large = draw(screens, hot(2, 2)), draw(screens, hot(2, 2), scale=3)
    assert large.shape == (1, 630, 480, 3)
    np.testing.assert_array_equal(large, ops.convert_to_numpy(enlarge(small, 3)))
    np.testing.assert_array_equal(large[:, 1::3, 2::3], small)


def test_stretching_two_cells_over_four_pixels():
    # Cells' centres at pixels 2 and 4 of the part [1, 5): a quarter of the way between them from pixel to pixel.
    expected = [[0, 0], [1, 0], [0.75, 0.25], [0.25, 0.75], [0, 1], [0, 0]]
    np.testing.assert_allclose(stretch_matrix(2, 1, 5, 6), expected)


def seen_block(game_agent, row: float, column: float) -> tuple[np.ndarray, np.ndarray]:
    """Shows an agent a black screen with a bright block at a place of its crop; returns screen and heatmap."""
    screens = np.zeros((1, 210, 160, 3), np.uint8)
    top, left = round(row), round(column)
    screens[0, top - 3 : top + 3, left - 3 : left + 3] = 255
    found = game_agent.explain(screens, target="action:NOOP")
    assert found.statuses == ["ok"]
    return screens, np.asarray(normalise(found.maps, found.peaks))


@pytest.mark.parametrize("game", ["Pong", "SpaceInvaders"])
def test_the_heat_of_a_bright_block_lies_on_the_block(tiny, game):
    agent = tiny.make_agent("e-a3c", game, pixel_mean=0.0)
    tiny.make_monotone(agent, 1.0)
    box = agent.network.heatmap_box
    high = (box.bottom - box.top) / 10
    for row, column in [(2, 7), (7, 2), (4, 4), (8, 8), (1, 1)]:
        centre = box.top + (row + 0.5) * high, (column + 0.5) * BLOCK
        screens, heatmaps = seen_block(agent, *centre)
        assert np.unravel_index(heatmaps[0].argmax(), (10, 10)) == (row, column)
        changed = np.abs(draw(screens, heatmaps, box).astype(int) - screens).sum(-1)[0]
        changed[screens[0].any(-1)] = 0  # the block itself is bright enough to outdo the colours
        brightest = np.unravel_index(changed.argmax(), changed.shape)
        assert abs(brightest[0] + 0.5 - centre[0]) <= high / 2 and abs(brightest[1] + 0.5 - centre[1]) <= BLOCK / 2


def test_a_cell_of_a_strided_network_is_hot_only_where_it_sees_the_block(tiny):
    agent = tiny.make_agent("a3c", pixel_mean=0.0)
    tiny.make_monotone(agent, 1.0)
    box = agent.network.heatmap_box
    cell = (box.bottom - box.top) / 8
    # Kernels of 8 at stride 4 and 4 at stride 2 see 8 + 3 * 4 = 20 observation pixels, 40 of the screen.
    for row, column in [(70, 30), (100, 90), (150, 120)]:
        _, heatmaps = seen_block(agent, row, column)
        rows, columns = np.nonzero(heatmaps[0])
        assert np.abs(box.top + (rows + 0.5) * cell - row).max() <= 20 + 3 + 1
        assert np.abs(box.left + (columns + 0.5) * cell - column).max() <= 20 + 3 + 1
        assert len(rows) < 20
