import base64
import zlib

import ale_py
import numpy as np
import pytest
from ale_py import roms
from keras import ops

from xdrl.backgrounds import encode_background
from xdrl.games import GAMES, Crop
from xdrl.preprocessing import Box, MapGrid, ScreenPreprocessing, area_matrix, heatmap_box

BLOCKS = MapGrid(0.0, 8.0, 10)
INNER = MapGrid(6.0, 8.0, 8)


def test_halving_averages_pairs():
    expected = [[0.5, 0.5, 0, 0, 0, 0], [0, 0, 0.5, 0.5, 0, 0], [0, 0, 0, 0, 0.5, 0.5]]
    assert area_matrix(6, 3).tolist() == expected


def test_a_pixel_that_an_edge_cuts_is_shared():
    # Three pixels to two: each takes one and a half of them, 1 / 1.5 and 0.5 / 1.5.
    np.testing.assert_allclose(area_matrix(3, 2), [[2 / 3, 1 / 3, 0], [0, 1 / 3, 2 / 3]], rtol=1e-6)


def test_the_first_rows_of_188_to_80():
    # One target pixel is 2.35 pixels: all of 0 and 1 and 0.35 of 2; then 0.65 of 2, all of 3 and 0.7 of 4.
    matrix = area_matrix(188, 80)
    np.testing.assert_allclose(matrix[0, :4], [1 / 2.35, 1 / 2.35, 0.35 / 2.35, 0], atol=1e-6)
    np.testing.assert_allclose(matrix[1, :6], [0, 0, 0.65 / 2.35, 1 / 2.35, 0.7 / 2.35, 0], atol=1e-6)


@pytest.mark.parametrize("size", [80, 160, 188])
def test_every_row_adds_up_to_one_and_every_pixel_counts_the_same(size: int):
    matrix = area_matrix(size, 80)
    assert matrix.shape == (80, size)
    np.testing.assert_allclose(matrix.sum(1), 1, rtol=1e-5)
    np.testing.assert_allclose(matrix.sum(0), 80 / size, rtol=1e-4)


def test_an_observation_is_the_mean_luminance_of_blocks(pong_screens: np.ndarray):
    observations = ops.convert_to_numpy(ScreenPreprocessing(Crop(34, 194), 0.2, 0.5)(pong_screens))
    luminance = pong_screens[:, 34:194] @ np.array([0.299, 0.587, 0.114]) / 255
    blocks = luminance.reshape(8, 80, 2, 80, 2).mean((2, 4))
    assert (observations.shape, observations.dtype) == ((8, 80, 80, 1), np.float32)
    np.testing.assert_allclose(observations[..., 0], (blocks - 0.2) / 0.5, atol=1e-5)


def test_the_background_is_taken_away(pong_screens: np.ndarray):
    background = np.random.default_rng(0).integers(0, 256, (210, 160, 3), np.uint8)
    plain, less, still = (
        ops.convert_to_numpy(ScreenPreprocessing(Crop(34, 194), mean, 0.5, text)(screens))
        for screens, mean, text in (
            (pong_screens, 0.2, ""),
            (pong_screens, 0.2, encode_background(background)),
            (background[None], 0.0, ""),
        )
    )
    np.testing.assert_allclose(plain - less, np.broadcast_to(still, plain.shape), atol=1e-5)


def test_the_luminance_of_an_older_agents_background_is_taken_away(pong_screens: np.ndarray):
    background = np.random.default_rng(0).uniform(size=(80, 80)).astype(np.float16)
    text = base64.b64encode(zlib.compress(background.tobytes())).decode()
    plain, less = (
        ops.convert_to_numpy(ScreenPreprocessing(Crop(34, 194), 0.2, 0.5, text)(pong_screens)) for text in ("", text)
    )
    np.testing.assert_allclose(plain - less, np.broadcast_to(2 * background[..., None], plain.shape), atol=1e-5)


@pytest.mark.parametrize("crop", [Crop(34, 194), Crop(8, 196)])
def test_an_observation_is_exactly_0_where_the_screen_is_its_background(crop: Crop):
    screens = np.random.default_rng(0).integers(0, 256, (2, 210, 160, 3), np.uint8)
    screens[1] = screens[0]
    screens[1, 100:110, 40:50] += 40
    layer = ScreenPreprocessing(crop, 0.0, 0.02, encode_background(screens[0]))
    nothing, something = ops.convert_to_numpy(layer(screens))
    assert not nothing.any()
    changed = np.argwhere(something[..., 0])
    scale = (crop.bottom - crop.top) / 80
    assert (changed.min(0), changed.max(0)) == (
        pytest.approx([(100 - crop.top) // scale, 20], abs=1),
        pytest.approx([(110 - crop.top) // scale, 24], abs=1),
    )


def test_rows_outside_the_crop_are_not_seen(pong_screens: np.ndarray):
    layer = ScreenPreprocessing(Crop(34, 194), 0.0, 1.0)
    changed = pong_screens.copy()
    changed[:, :34] = 255 - changed[:, :34]
    changed[:, 194:] = 255 - changed[:, 194:]
    np.testing.assert_array_equal(layer(changed), layer(pong_screens))
    for row in (34, 193):
        seen = pong_screens.copy()
        seen[:, row] = 255 - seen[:, row]
        assert not np.array_equal(layer(seen), layer(pong_screens))


@pytest.mark.parametrize("name", ["Pong", "Qbert", "SpaceInvaders"])
def test_luminance_is_the_emulators_own_gray(name: str):
    emulator = ale_py.ALEInterface()
    emulator.setInt("random_seed", 1)
    emulator.loadROM(roms.get_rom_path(GAMES[name].rom))
    generator = np.random.default_rng(1)
    actions = emulator.getMinimalActionSet()
    for _ in range(150):
        emulator.act(actions[generator.integers(len(actions))])
    crop = GAMES[name].crop
    rows, columns = area_matrix(crop.bottom - crop.top, 80), area_matrix(160, 80).T
    expected = rows @ emulator.getScreenGrayscale()[crop.top : crop.bottom].astype(np.float32) @ columns
    found = ops.convert_to_numpy(ScreenPreprocessing(crop, 0.0, 1.0)(emulator.getScreenRGB()[None]))[0, ..., 0] * 255
    assert expected.std() > 4
    np.testing.assert_allclose(found, expected, atol=0.51)  # the emulator rounds


@pytest.mark.parametrize("name", list(GAMES))
def test_blocks_that_tile_the_observation_tile_the_crop(name: str):
    crop = GAMES[name].crop
    assert heatmap_box(crop, BLOCKS) == pytest.approx(Box(crop.top, 0, crop.bottom, 160))


@pytest.mark.parametrize(
    ("name", "box"),
    [
        # 6 and 70 of 80 observation pixels; an observation pixel is 2 wide, and 160/80 = 2 or 188/80 = 2.35 high.
        ("Pong", Box(46, 12, 174, 140)),
        ("DemonAttack", Box(46, 12, 174, 140)),
        ("Phoenix", Box(46, 12, 174, 140)),
        ("BeamRider", Box(32, 12, 160, 140)),
        ("SpaceInvaders", Box(22.1, 12, 172.5, 140)),
        ("Qbert", Box(26.1, 12, 176.5, 140)),
    ],
)
def test_a_map_inside_the_observation_lies_inside_the_crop(name: str, box: Box):
    assert heatmap_box(GAMES[name].crop, INNER) == pytest.approx(box)
