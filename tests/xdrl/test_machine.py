from pathlib import Path

import pytest

from xdrl.config import TrainingConfig
from xdrl.machine import count_cores, has_bfloat16, suitable_settings


@pytest.mark.parametrize(("num_cores", "num_workers"), [(1, 2), (2, 3), (8, 9), (64, 16)])
def test_without_a_gpu_no_core_idles(num_cores: int, num_workers: int):
    assert suitable_settings(num_cores, has_gpu=False, rollout_length=20) == (num_workers, 12, 1, "float32")


@pytest.mark.parametrize(("rollout_length", "num_envs"), [(1, 240), (20, 12), (40, 6), (500, 1)])
def test_an_update_is_of_as_many_steps_however_long_the_rollout(rollout_length: int, num_envs: int):
    assert suitable_settings(2, False, rollout_length).envs_per_worker == num_envs


def test_a_runs_own_defaults_are_those_of_two_cores():
    plain = TrainingConfig("Pong")
    expected = (plain.num_workers, plain.envs_per_worker, plain.emulator_threads, plain.convolution_dtype)
    assert suitable_settings(2, has_gpu=False, rollout_length=20) == expected


@pytest.mark.parametrize(
    ("num_cores", "expected"),
    [(1, (2, 16, 1)), (2, (2, 16, 1)), (4, (2, 16, 2)), (8, (4, 16, 2)), (16, (4, 32, 4)), (64, (4, 64, 16))],
)
def test_on_a_gpu_the_cores_play_many_games(num_cores: int, expected: tuple[int, int, int]):
    sizes = suitable_settings(num_cores, has_gpu=True, rollout_length=20, has_bfloat16=True)
    assert sizes == (*expected, "float32")
    TrainingConfig("Pong", **sizes._asdict())
    assert sizes.num_workers * sizes.emulator_threads <= max(num_cores, 2)


def test_this_machine_has_cores():
    assert count_cores() >= 1


def test_a_processor_that_multiplies_bfloat16_computes_the_convolutions_in_it():
    assert suitable_settings(2, has_gpu=False, rollout_length=20, has_bfloat16=True).convolution_dtype == "bfloat16"


@pytest.mark.parametrize(
    ("flags", "is_found"), [("fpu avx512f avx512_bf16 sse", True), ("amx_bf16 amx_tile", True), ("avx512f bf16", False)]
)
def test_a_processor_says_whether_it_multiplies_bfloat16(tmp_path: Path, flags: str, is_found: bool):
    (tmp_path / "cpuinfo").write_text(f"processor\t: 0\nflags\t\t: {flags}\nbugs\t\t: none\n")
    assert has_bfloat16(tmp_path / "cpuinfo") == is_found


def test_a_system_that_does_not_describe_its_processor_has_no_bfloat16(tmp_path: Path):
    assert not has_bfloat16(tmp_path / "cpuinfo")
