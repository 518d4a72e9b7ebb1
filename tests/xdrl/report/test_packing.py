"""Screens and maps come out of their packing as they went in."""

import base64
import json
import zlib

import numpy as np
import pytest

from xdrl.preprocessing import Box
from xdrl.report.maps import MapSet
from xdrl.report.packing import most_cells_of, pack_maps, pack_screens, script_json


def unpack_screens(packed: dict) -> np.ndarray:
    """What the page does: XOR along each chunk, then the palette."""
    palette = np.frombuffer(base64.b64decode(packed["palette"]), np.uint8).reshape(-1, 3)
    indices = []
    for chunk in packed["chunks"]:
        words = np.frombuffer(zlib.decompress(base64.b64decode(chunk)), f"<u{packed['bytes_per_pixel']}")
        indices.append(np.bitwise_xor.accumulate(words.reshape(-1, packed["height"], packed["width"]), axis=0))
    return palette[np.concatenate(indices)]


def map_set(maps: np.ndarray, statuses: list[str]) -> MapSet:
    return MapSet("grad-cam", "chosen", maps, maps.max((1, 2)), statuses, Box(46, 12, 174, 140))


def strengths(packed: dict) -> np.ndarray:
    values = np.frombuffer(zlib.decompress(base64.b64decode(packed["strengths"])), np.uint8)
    return values.reshape(-1, packed["height"], packed["width"])


def test_screens_of_a_game_are_small_and_whole(recording):
    packed = pack_screens(recording.screens)
    np.testing.assert_array_equal(unpack_screens(packed), recording.screens)
    assert packed["bytes_per_pixel"] == 1 and len(packed["chunks"]) == 2
    assert len(json.dumps(packed)) < recording.screens.nbytes / 100


@pytest.mark.parametrize(("num_colours", "num_bytes"), [(1, 1), (256, 1), (257, 2), (65_537, 4)])
def test_screens_of_any_number_of_colours_are_whole(num_colours: int, num_bytes: int):
    codes = np.arange(3 * 210 * 160, dtype=np.uint32) % num_colours * 151
    screens = np.stack([codes >> 16, codes >> 8 & 255, codes & 255], -1).astype(np.uint8).reshape(3, 210, 160, 3)
    packed = pack_screens(screens)
    assert packed["bytes_per_pixel"] == num_bytes
    np.testing.assert_array_equal(unpack_screens(packed), screens)


def test_maps_keep_their_shape_to_a_255th_of_their_peak_and_the_peak_itself():
    maps = (
        np.random.default_rng(0).uniform(0, 1, (3, 8, 8)).astype(np.float32) * np.array([1e-9, 1, 1e6])[:, None, None]
    )
    packed = pack_maps(map_set(maps.astype(np.float32), ["ok"] * 3))
    restored = strengths(packed) / 255 * np.array(packed["peaks"])[:, None, None]
    np.testing.assert_allclose(
        restored / maps.max((1, 2), keepdims=True), maps / maps.max((1, 2), keepdims=True), atol=0.5 / 255 + 1e-5
    )
    assert packed["box"] == [46, 12, 174, 140] and (packed["coarsened"], packed["drawn_peaks"]) == (1, None)


def test_blank_maps_stay_blank_and_keep_their_reasons():
    packed = pack_maps(map_set(np.zeros((2, 8, 8), np.float32), ["all_negative", "zero_gradient"]))
    assert not strengths(packed).any() and packed["peaks"] == [0, 0]
    assert [packed["status_names"][number] for number in packed["statuses"]] == ["all_negative", "zero_gradient"]


def test_fine_maps_become_means_of_blocks_until_they_fit():
    maps = np.zeros((1, 80, 80), np.float32)
    maps[0, :4, :4] = 2
    maps[0, 0, 4] = 2
    packed = pack_maps(map_set(maps, ["ok"]), most_cells=500)
    assert (packed["height"], packed["width"], packed["coarsened"]) == (20, 20, 4)
    assert strengths(packed)[0, 0, :3].tolist() == [255, 16, 0]  # a sixteenth of the peak is 15.9 255ths
    maps[0, 1:] = 0
    packed = pack_maps(map_set(maps, ["ok"]), most_cells=500)
    assert strengths(packed)[0, 0, :3].tolist() == [255, 64, 0], "drawn in parts of the largest mean"
    assert (packed["peaks"], packed["drawn_peaks"]) == ([2], [0.5]), "and the peak is still told as it was"


def test_maps_are_not_made_coarser_than_the_last_convolution():
    assert pack_maps(map_set(np.ones((1, 80, 80), np.float32), ["ok"]), most_cells=1)["height"] == 10
    assert pack_maps(map_set(np.ones((1, 8, 8), np.float32), ["ok"]), most_cells=1)["height"] == 8


def test_the_room_of_a_map_is_shared():
    assert most_cells_of(1) == 8_000 and most_cells_of(20) == 400 and most_cells_of(1_000) == 100


def test_json_in_a_script_element_can_not_end_it():
    values = {"name": "</script><!-- & \u2028"}
    text = script_json(values)
    assert json.loads(text) == values
    assert not set("<>&") & set(text)
