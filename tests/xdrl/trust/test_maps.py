"""Cells, the pointing game and the baselines, on maps whose truth is known by construction."""

import numpy as np
import pytest

from xdrl.games import GAMES, Crop, find_game
from xdrl.objects.kinds import OBJECT
from xdrl.objects.segmentation import find_objects
from xdrl.preprocessing import Box
from xdrl.trust.baselines import motion_maps, object_maps, other_frame_maps, random_maps, time_mean_maps
from xdrl.trust.cells import ALL, Cells, cell_means, cover_kinds, cover_objects, find_cells, find_empty, place_cells
from xdrl.trust.pointing import chances, hits, mass_on_nothing, mass_shares, point_at

TEN_BY_TEN = place_cells((10, 10), Box(34, 0, 194, 160), Crop(34, 194))


@pytest.fixture(scope="module")
def moving() -> np.ndarray:
    """A square of one cell that goes from cell to cell along the diagonal, and a wide one that goes down."""
    screens = np.zeros((10, 210, 160, 3), np.uint8)
    for step in range(10):
        top = 34 + 16 * step
        screens[step, top : top + 16, 16 * step : 16 * step + 16] = 200
        screens[step, 34 + (16 * step + 80) % 160 :, 144:][:8] = 90
    return screens


def test_a_cell_is_one_block_of_the_crop():
    assert (TEN_BY_TEN.areas == 256).all()
    assert TEN_BY_TEN.of_pixel[34, 0] == 0
    assert TEN_BY_TEN.of_pixel[193, 159] == 99
    assert TEN_BY_TEN.of_pixel[34 + 16, 15] == 10
    assert (TEN_BY_TEN.of_pixel[:34] == -1).all()
    assert (TEN_BY_TEN.of_pixel[194:] == -1).all()


def test_cells_at_the_border_stand_for_what_lies_outside_their_box():
    cells = place_cells((8, 8), Box(46, 12, 174, 140), Crop(34, 194))
    assert cells.areas.sum() == 160 * 160
    assert cells.areas.reshape(8, 8)[3, 3] == 256
    assert cells.areas.reshape(8, 8)[0, 0] == 28 * 28
    assert cells.of_pixel[100, 150] % 8 == 7


def test_an_agents_cells_lie_where_its_map_does(agent, screens):
    cells = find_cells(agent, agent.explain(screens))
    assert cells.shape == (8, 8)
    np.testing.assert_array_equal(cells.of_pixel, place_cells((8, 8), Box(46, 12, 174, 140), Crop(34, 194)).of_pixel)


def test_a_map_exactly_on_the_objects_always_hits_and_a_random_one_hits_by_chance(moving: np.ndarray):
    pixels = cover_kinds(find_objects(moving, find_game("Breakout")), TEN_BY_TEN)[ALL]
    on_objects = point_at(pixels.astype(float), pixels, TEN_BY_TEN.areas)
    assert on_objects["hit"] == 1
    assert on_objects["hit - chance"] == pytest.approx(1 - chances(pixels).mean())
    assert on_objects["mass ratio"] > 20
    many = np.tile(pixels, (400, 1))
    at_random = point_at(random_maps(*many.shape, np.random.default_rng(0)), many, TEN_BY_TEN.areas)
    assert at_random["hit - chance"] == pytest.approx(0, abs=0.01)
    assert at_random["mass ratio"] == pytest.approx(1, abs=0.02)
    off_objects = point_at((pixels == 0).astype(float), pixels, TEN_BY_TEN.areas)
    assert off_objects["hit"] == off_objects["mass ratio"] == 0


def test_kinds_are_counted_apart(moving: np.ndarray):
    scene = find_objects(moving, find_game("Breakout"))
    by_kind = cover_kinds(scene, TEN_BY_TEN)
    assert list(by_kind) == [ALL, OBJECT]
    np.testing.assert_array_equal(by_kind[ALL], by_kind[OBJECT])
    for step, objects in enumerate(scene.objects):
        pixels = cover_objects(scene, step, TEN_BY_TEN)
        assert [item.area for item in objects] == pixels.sum(-1).tolist()
        assert pixels.sum(0).tolist() == by_kind[ALL][step].tolist()
    assert cover_objects(scene, 3, TEN_BY_TEN)[0].tolist() == [256 * (cell == 33) for cell in range(100)]


def test_a_blank_map_points_everywhere():
    pixels = np.zeros((1, 100), int)
    pixels[0, :25] = 64
    blank = np.zeros((1, 100))
    assert hits(blank, pixels)[0] == chances(pixels)[0] == 0.25
    assert mass_shares(blank, pixels, TEN_BY_TEN.areas)[0] == 25 * 64 / 25600
    assert point_at(blank, pixels, TEN_BY_TEN.areas) == {"hit - chance": 0, "hit": 0.25, "mass ratio": 1}


def test_hand_computed_pointing():
    maps = np.array([[0, 4, 4, 2.0], [1, 0, 0, 0]])
    pixels = np.array([[0, 1, 0, 5], [0, 0, 0, 0]])
    areas = np.array([10, 10, 10, 20.0])
    assert hits(maps, pixels).tolist() == [0.5, 0]
    assert chances(pixels).tolist() == [0.5, 0]
    assert mass_shares(maps, pixels, areas).tolist() == [(4 * 1 + 2 * 5) / (40 + 40 + 40), 0]
    found = point_at(maps, pixels, areas)  # the second screen shows no object
    assert found == {"hit - chance": 0, "hit": 0.5, "mass ratio": pytest.approx((14 / 120) / (6 / 50))}
    assert np.isnan(list(point_at(maps[1:], pixels[1:], areas).values())).all()


def test_the_mean_map_knows_no_moment_and_weighs_every_map_alike():
    maps = np.array([[8.0, 0], [0, 1], [0, 0], [1, 1]])
    expected = np.array([[0.5, 1.5], [1.5, 0.5], [1.5, 1.5], [1, 1]]) / 3
    np.testing.assert_allclose(time_mean_maps(maps), expected)
    np.testing.assert_allclose(time_mean_maps(maps[:1]), 0)


def test_a_map_of_all_objects_alike_marks_each_for_its_area():
    pixels = np.zeros((1, 100), int)
    pixels[0, [3, 40]] = 256, 64
    maps = object_maps(pixels, TEN_BY_TEN)
    assert maps[0, [3, 40, 50]].tolist() == [1, 0.25, 0]


def test_the_map_of_another_frame_is_half_an_episode_away():
    assert other_frame_maps(np.arange(6)[:, None]).ravel().tolist() == [3, 4, 5, 0, 1, 2]


def test_the_motion_map_is_where_something_moves(moving: np.ndarray):
    moving = moving.copy()
    moving[:, 100:140, 60:64] = 255  # stands still
    maps = motion_maps(moving, TEN_BY_TEN)
    assert set(np.flatnonzero(maps[4])) == {33, 44, 89, 99}
    np.testing.assert_allclose(maps[4, [33, 44]], 200, rtol=1e-5)
    np.testing.assert_array_equal(maps[0], maps[1])


def test_means_over_cells():
    values = np.zeros((1, 210, 160))
    values[0, 34:50, :8] = 3
    values[0, :34] = 1000
    means = cell_means(values, TEN_BY_TEN)
    assert means[0, 0] == 1.5
    assert means[0, 1:].max() == 0


def test_the_crop_of_spaceinvaders_is_shared_out_among_its_cells():
    crop = GAMES["SpaceInvaders"].crop
    cells: Cells = place_cells((10, 10), Box(crop.top, 0, crop.bottom, 160), crop)
    assert cells.areas.sum() == 188 * 160
    assert set(cells.areas) <= {18 * 16.0, 19 * 16.0}


def test_cells_that_show_nothing_but_the_background_are_empty():
    background = np.random.default_rng(0).integers(0, 256, (210, 160, 3), np.uint8)
    screens = np.stack([background] * 3)
    screens[1, 34, 0] += 1  # one pixel, in the first cell
    screens[2, 10:30] += 1  # the score, which the agent does not see
    empty = find_empty(screens, background, TEN_BY_TEN)
    assert empty.shape == (3, 100)
    assert empty[0].all() and empty[2].all() and not empty[1, 0] and empty[1, 1:].all()


def test_mass_on_nothing_is_the_share_of_a_map_on_empty_cells():
    empty, areas = np.array([[True, False], [True, False], [True, True]]), np.array([2.0, 1.0])
    maps = np.array([[1.0, 2.0], [0.0, 0.0], [0.0, 3.0]])  # half of it; blank; all of it
    assert mass_on_nothing(maps, empty, areas) == pytest.approx((0.5 + 1) / 2)
    assert np.isnan(mass_on_nothing(maps[1:2], empty[1:2], areas))
