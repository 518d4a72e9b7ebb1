import pytest

from xdrl.config import TrainingConfig
from xdrl.machine import count_cores, suitable_sizes


@pytest.mark.parametrize(("num_cores", "num_workers"), [(1, 2), (2, 3), (8, 9), (64, 16)])
def test_without_a_gpu_no_core_idles(num_cores: int, num_workers: int):
    assert suitable_sizes(num_cores, has_gpu=False) == (num_workers, 12, 1)


def test_a_runs_own_defaults_are_those_of_two_cores():
    plain = TrainingConfig("Pong")
    expected = (plain.num_workers, plain.envs_per_worker, plain.emulator_threads)
    assert suitable_sizes(2, has_gpu=False) == expected


@pytest.mark.parametrize(
    ("num_cores", "expected"),
    [(1, (2, 16, 1)), (2, (2, 16, 1)), (4, (2, 16, 2)), (8, (4, 16, 2)), (16, (4, 32, 4)), (64, (4, 64, 16))],
)
def test_on_a_gpu_the_cores_play_many_games(num_cores: int, expected: tuple[int, int, int]):
    sizes = suitable_sizes(num_cores, has_gpu=True)
    assert sizes == expected
    TrainingConfig("Pong", **sizes._asdict())
    assert sizes.num_workers * sizes.emulator_threads <= max(num_cores, 2)


def test_this_machine_has_cores():
    assert count_cores() >= 1
