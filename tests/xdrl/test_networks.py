import dataclasses
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import ops

from xdrl.backgrounds import encode_background
from xdrl.config import NetworkConfig
from xdrl.errors import UserError
from xdrl.networks import Network, arrays_to_variables, build_network, variables_to_arrays
from xdrl.preprocessing import Box, MapGrid


@pytest.fixture(params=["e_a3c", "a3c"])
def network(request: pytest.FixtureRequest) -> Network:
    return request.getfixturevalue(request.param)


def draw_states(network: Network, num_envs: int) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(0)
    h, c = generator.normal(size=(2, num_envs, network.core_size)).astype(np.float32)
    return h, c


def step(network: Network, screens: np.ndarray, h: np.ndarray, c: np.ndarray) -> list[np.ndarray]:
    return [ops.convert_to_numpy(output) for output in network.step([screens, h, c])]


def test_a_step_gives_logits_value_and_the_next_state(network: Network, pong_screens: np.ndarray):
    logits, values, next_h, next_c = step(network, pong_screens, *draw_states(network, 8))
    assert (logits.shape, values.shape) == ((8, 6), (8,))
    assert next_h.shape == next_c.shape == (8, network.core_size)
    assert {output.dtype for output in (logits, values, next_h, next_c)} == {np.dtype(np.float32)}


def test_the_kinds_have_the_papers_sizes(e_a3c: Network, a3c: Network):
    assert (e_a3c.core_size, e_a3c.torso.output_shape, e_a3c.readout.output_shape) == (
        512,
        (None, 10, 10, 64),
        (None, 1600),
    )
    assert (a3c.core_size, a3c.torso.output_shape, a3c.readout.output_shape) == (256, (None, 8, 8, 32), (None, 256))
    # 5·5·1·32+32, 5·5·32·32+32, 3·3·32·64+64, 3·3·64·64+64, (1600+512+1)·2048, 512·6+6, 512+1
    expected = 832 + 25_632 + 18_496 + 36_928 + 4_327_424 + 3_078 + 513
    assert sum(int(np.prod(weight.shape)) for weight in e_a3c.weights) == expected


def test_cells_lie_where_the_layers_put_them(e_a3c: Network, a3c: Network):
    assert e_a3c.map_grid == MapGrid(0, 8, 10)
    assert a3c.map_grid == MapGrid(6, 8, 8)
    assert e_a3c.heatmap_box == Box(34, 0, 194, 160)


def test_the_feature_map_is_what_the_relu_lets_through(network: Network, pong_screens: np.ndarray):
    feature_map = ops.convert_to_numpy(network.torso(pong_screens))
    assert feature_map.min() == 0
    assert 0.05 < (feature_map > 0).mean() < 0.95


def test_the_pool_after_the_explained_map_belongs_to_the_readout(e_a3c: Network, pong_screens: np.ndarray):
    feature_map = ops.convert_to_numpy(e_a3c.torso(pong_screens))
    pooled = feature_map.reshape(8, 5, 2, 5, 2, 64).max((2, 4))
    np.testing.assert_allclose(ops.convert_to_numpy(e_a3c.readout(feature_map)), pooled.reshape(8, 1600))


def test_a_step_decides_on_the_torsos_map(network: Network, pong_screens: np.ndarray):
    states = draw_states(network, 8)
    decided = network.decide([network.torso(pong_screens), *map(ops.convert_to_tensor, states)])
    for found, expected in zip(decided, step(network, pong_screens, *states), strict=True):
        np.testing.assert_allclose(ops.convert_to_numpy(found), expected, atol=1e-5)


def test_unrolling_is_stepping_with_a_zero_state_where_a_game_starts(network: Network, pong_screens: np.ndarray):
    screens = pong_screens.reshape(4, 2, 210, 160, 3)
    observations = ops.reshape(network.preprocess(pong_screens), (4, 2, 80, 80, 1))
    is_first = np.zeros((4, 2), bool)
    is_first[0, 0] = is_first[2, 1] = True
    h, c = draw_states(network, 2)
    logits, values = (ops.convert_to_numpy(found) for found in network.unroll(observations, h, c, is_first))
    assert (logits.shape, values.shape) == ((4, 2, 6), (4, 2))
    for t in range(4):
        keep = ~is_first[t, :, None]
        expected_logits, expected_values, h, c = step(network, screens[t], h * keep, c * keep)
        np.testing.assert_allclose(logits[t], expected_logits, atol=1e-5)
        np.testing.assert_allclose(values[t], expected_values, atol=1e-5)


def test_the_first_policy_is_nearly_uniform(network: Network, pong_screens: np.ndarray):
    logits = step(network, pong_screens, *draw_states(network, 8))[0]
    probabilities = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    np.testing.assert_allclose(probabilities, 1 / 6, atol=0.01)


def test_the_seed_fixes_the_first_weights(a3c_config: NetworkConfig, a3c: Network):
    again, other = (variables_to_arrays(build_network(a3c_config, seed).weights) for seed in (1, 2))
    for path, array in variables_to_arrays(a3c.weights).items():
        np.testing.assert_array_equal(array, again[path])
        assert array.ndim == 1 or not np.array_equal(array, other[path])


def test_weights_go_into_arrays_and_back(a3c_config: NetworkConfig, a3c: Network, pong_screens: np.ndarray):
    arrays, other = variables_to_arrays(a3c.weights), build_network(a3c_config, seed=2)
    assert "core/kernel" in arrays
    assert len(arrays) == len(a3c.weights)
    arrays_to_variables(arrays, other.weights)
    states = draw_states(a3c, 8)
    for found, expected in zip(step(other, pong_screens, *states), step(a3c, pong_screens, *states), strict=True):
        np.testing.assert_array_equal(found, expected)


def test_arrays_are_copies(a3c_config: NetworkConfig):
    network = build_network(a3c_config)
    kept = variables_to_arrays(network.weights)["core/bias"].copy()
    arrays = variables_to_arrays(network.weights)
    arrays_to_variables({path: array + 1 for path, array in arrays.items()}, network.weights)
    np.testing.assert_array_equal(arrays["core/bias"], kept)


@pytest.mark.parametrize(("array", "came"), [(None, "none"), (np.zeros((2, 3)), r"one of shape \[2, 3\]")])
def test_an_array_that_does_not_fit_is_refused_before_any_is_assigned(a3c_config: NetworkConfig, array, came: str):
    network = build_network(a3c_config)
    kept = variables_to_arrays(network.weights)
    last = network.weights[-1].path
    arrays = {path: values + 1 for path, values in kept.items() if path != last}
    if array is not None:
        arrays[last] = array
    with pytest.raises(UserError, match=f"expected weights {last} of shape .*, got {came}"):
        arrays_to_variables(arrays, network.weights)
    for path, values in variables_to_arrays(network.weights).items():
        np.testing.assert_array_equal(values, kept[path])


def test_another_games_network_does_not_fit(a3c: Network, a3c_config: NetworkConfig):
    smaller = build_network(dataclasses.replace(a3c_config, action_names=("NOOP", "UP")))
    with pytest.raises(UserError, match=r"expected weights policy/kernel of shape \[256, 2\], got .*\[256, 6\]"):
        arrays_to_variables(variables_to_arrays(a3c.weights), smaller.weights)


@pytest.mark.parametrize("cell", [(4, 5), (5, 3), (3, 6)])
def test_a_cell_of_the_feature_map_sees_its_own_block_of_the_screen(e_a3c: Network, cell: tuple[int, int]):
    row, column = cell
    screens = np.random.default_rng(1).integers(0, 256, (16, 210, 160, 3)).astype(np.uint8)
    changed = screens.copy()
    # Half of the block, around its centre: 8 x 8 pixels of the screen, 4 x 4 of the observation.
    top, left = 34 + 16 * row + 4, 16 * column + 4
    changed[:, top : top + 8, left : left + 8] = 255 * (np.arange(16) % 2)[:, None, None, None]
    moved = np.abs(ops.convert_to_numpy(e_a3c.torso(changed) - e_a3c.torso(screens))).sum((0, 3))
    # A cell sees 44 observation pixels around its centre (5, 2, 5, 2, 3, 2, 3 in strides of 1, 1, 2, 2, 4, 4, 8).
    rows, columns = np.nonzero(moved > 1e-4)
    assert np.abs(rows - row).max() <= 2
    assert np.abs(columns - column).max() <= 2
    centre = [float((moved * positions).sum() / moved.sum()) for positions in np.mgrid[:10, :10]]
    assert centre == pytest.approx(cell, abs=0.25)


def test_without_biases_the_feature_map_is_0_wherever_a_cell_sees_nothing(a3c_config: NetworkConfig):
    background = np.random.default_rng(0).integers(0, 256, (210, 160, 3), np.uint8)
    config = dataclasses.replace(
        a3c_config, kind="e-a3c", pixel_mean=0.0, background=encode_background(background), use_bias=False
    )
    network = build_network(config, seed=1)
    screens = np.stack([background, background])
    screens[1, 34:42, 0:8] += 90  # the first eight rows and columns of what is seen
    nothing, corner = ops.convert_to_numpy(network.torso(screens))
    assert not nothing.any()
    seen = corner.any(-1)
    # Receptive field of a cell: 16 screen pixels, and what kernels of 5, 5, 3, 3 reach beside them.
    assert seen[0, 0] and not seen[5:].any() and not seen[:, 5:].any()


def test_a_network_with_biases_lights_up_where_there_is_nothing(a3c_config: NetworkConfig):
    network = build_network(dataclasses.replace(a3c_config, kind="e-a3c", pixel_mean=0.0), seed=1)
    for weight in network.torso.trainable_weights:
        if weight.path.endswith("bias"):
            weight.assign(np.full(weight.shape, 0.1, np.float32))
    assert ops.convert_to_numpy(network.torso(np.zeros((1, 210, 160, 3), np.uint8))).any()


@pytest.mark.filterwarnings("ignore:__array__:DeprecationWarning")  # of Keras' own saving
def test_a_network_saved_as_keras_loads_again(network: Network, pong_screens: np.ndarray, tmp_path: Path):
    network.step.save(tmp_path / "network.keras")
    loaded = keras.models.load_model(tmp_path / "network.keras")
    state = draw_states(network, 8)
    for found, expected in zip(loaded([pong_screens, *state]), step(network, pong_screens, *state), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-6)
