import keras
import numpy as np
import pytest
from keras import ops

from xdrl.cores import LSTMCore


@pytest.fixture(scope="module")
def core() -> LSTMCore:
    core = LSTMCore(5, keras.random.SeedGenerator(0))
    core.build((None, 3))
    return core


def draw(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def to_numpy(*tensors) -> list[np.ndarray]:
    return [ops.convert_to_numpy(tensor) for tensor in tensors]


def test_a_step_is_that_of_keras_own_cell(core: LSTMCore):
    cell = keras.layers.LSTMCell(5)
    cell.build((None, 3))
    core.bias.assign(draw(20, seed=9))
    cell.set_weights([core.kernel.numpy(), core.recurrent_kernel.numpy(), core.bias.numpy()])
    features, state_h, state_c = draw(4, 3), draw(4, 5, seed=1), draw(4, 5, seed=2)
    _, (expected_h, expected_c) = cell(features, [state_h, state_c])
    found_h, found_c = to_numpy(*core(features, state_h, state_c))
    np.testing.assert_allclose(found_h, ops.convert_to_numpy(expected_h), atol=1e-6)
    np.testing.assert_allclose(found_c, ops.convert_to_numpy(expected_c), atol=1e-6)


def test_unrolling_is_stepping_with_a_zero_state_where_a_game_starts(core: LSTMCore):
    features, state_h, state_c = draw(6, 2, 3), draw(2, 5, seed=1), draw(2, 5, seed=2)
    is_first = np.zeros((6, 2), bool)
    is_first[0, 1] = is_first[3, 0] = is_first[4, 0] = True
    outputs = ops.convert_to_numpy(core.unroll(features, state_h, state_c, is_first))
    for t in range(6):
        keep = ~is_first[t, :, None]
        state_h, state_c = to_numpy(*core(features[t], state_h * keep, state_c * keep))
        np.testing.assert_allclose(outputs[t], state_h, atol=1e-6)


def test_nothing_before_a_games_start_reaches_past_it(core: LSTMCore):
    features, zeros = draw(4, 1, 3), np.zeros((1, 5), np.float32)
    is_first = np.array([[False], [False], [True], [False]])
    changed = features.copy()
    changed[:2] += 1
    before = ops.convert_to_numpy(core.unroll(features, zeros, zeros, is_first))
    after = ops.convert_to_numpy(core.unroll(changed, zeros + 1, zeros - 1, is_first))
    np.testing.assert_array_equal(before[2:], after[2:])
    assert (before[:2] != after[:2]).all()


def test_the_forget_gate_starts_open():
    core = LSTMCore(2, keras.random.SeedGenerator(0))
    core.build((None, 3))
    assert core.bias.numpy().tolist() == [0, 0, 1, 1, 0, 0, 0, 0]  # input, forget, cell, output


def test_the_recurrent_weights_start_orthogonal_and_the_seed_fixes_them():
    first, again, other = (LSTMCore(4, keras.random.SeedGenerator(seed)) for seed in (0, 0, 1))
    for core in (first, again, other):
        core.build((None, 3))
    kernel = first.recurrent_kernel.numpy()
    np.testing.assert_allclose(kernel @ kernel.T, np.eye(4), atol=1e-5)
    np.testing.assert_array_equal(kernel, again.recurrent_kernel.numpy())
    assert not np.array_equal(kernel, other.recurrent_kernel.numpy())
