"""Training on more and more workers: the counts, the speeds and the ratios."""

import importlib.util
import json

import pytest
from rich.console import Console

from xdrl.benchmarks.forecasts import forecasts
from xdrl.benchmarks.records import BenchmarkSettings, Machine
from xdrl.benchmarks.scaling import EngineSpeed, Scaling, measure_scaling, scaling_to_json, worker_counts
from xdrl.config import TrainingConfig
from xdrl.views.scaling_view import scaling_view

SETTINGS = BenchmarkSettings(TrainingConfig("Pong", network="a3c", envs_per_worker=2, rollout_length=4), 1.0)
MACHINE = Machine("AMD EPYC", 2, False, "3.11.7", "2.21.0", "3.15.1", None)


def make_round(threads: float, ray: float) -> dict[tuple[str, int], EngineSpeed]:
    return {
        ("threads", 1): EngineSpeed(threads, 0.002, 0.0),
        ("ray", 1): EngineSpeed(ray, 0.0025, 0.0, 17e6, 0.02),
        ("threads", 2): EngineSpeed(2 * threads, 0.002, 1.0),
        ("ray", 2): EngineSpeed(2 * ray, 0.0025, 1.5, 34e6, 0.02),
    }


@pytest.mark.parametrize(("most", "counts"), [(1, [1]), (2, [1, 2]), (6, [1, 2, 4, 6]), (8, [1, 2, 4, 8])])
def test_the_numbers_of_workers_double_up_to_the_most(most: int, counts: list[int]):
    assert worker_counts(most) == counts


def test_ratios_are_taken_within_a_round_and_shown_beside_the_medians():
    scaling = Scaling(MACHINE, SETTINGS, (make_round(200, 100), make_round(100, 90), make_round(400, 240)))
    assert scaling.median("threads", 2).steps_per_second == 400
    assert scaling.ratio(1) == scaling.ratio(2) == pytest.approx(0.6)
    values = json.loads(json.dumps(scaling_to_json(scaling), allow_nan=False))
    assert values["ray_to_threads"] == {"1": 0.6, "2": 0.6}
    assert values["ray_to_threads_by_cpu"] == {"1": pytest.approx(0.8), "2": pytest.approx(0.8)}
    assert values["medians"]["ray 2"] == {
        "steps_per_second": 200,
        "cpu_seconds_per_step": 0.0025,
        "policy_lag": 1.5,
        "bytes_per_second": 34e6,
        "learner_seconds": 0.02,
    }
    assert len(values["rounds"]) == 3
    console = Console(width=80, record=True, file=open("/dev/null", "w"), color_system=None)
    with console.file:
        console.print(scaling_view(scaling))
    text = console.export_text()
    assert all(part in text for part in ("0.60", "0.80", "34.0", "20.0", "Medians of 3 rounds", "learner"))


@pytest.mark.parametrize(
    ("learner_seconds", "megabytes_per_second", "expected"),
    [
        # 8 steps a lesson, 100 steps a second and worker.
        (0.001, 1.0, [(800, "workers"), (6400, "workers"), (8000, "learner")]),
        (0.02, 1.0, [(400, "learner")] * 3),
        (0.0001, 25.0, [(800, "workers"), (5000, "network"), (5000, "network")]),
        (0.0, 0.0, [(800, "workers"), (6400, "workers"), (51200, "workers")]),  # not measured
    ],
)
def test_a_forecast_names_what_bounds_many_workers(learner_seconds, megabytes_per_second, expected):
    one = EngineSpeed(100, 0.01, 0.0, megabytes_per_second * 1e6, learner_seconds)
    found = forecasts(Scaling(MACHINE, SETTINGS, ({("ray", 1): one},)))
    assert [(round(forecast.steps_per_second), forecast.limit) for forecast in found] == expected
    assert [(forecast.num_workers, forecast.policy_lag) for forecast in found] == [(8, 7), (64, 63), (512, 511)]


@pytest.mark.slow
@pytest.mark.timeout(1500)
@pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="ray, of requirements-ray.txt, is not installed")
def test_both_engines_are_measured():
    ((found),) = measure_scaling(SETTINGS, [1], 1, None)
    assert set(found) == {("threads", 1), ("ray", 1)}
    assert all(speed.steps_per_second > 0 for speed in found.values())
    assert found["threads", 1].bytes_per_second == 0 < found["ray", 1].bytes_per_second
    assert 0 < found["ray", 1].learner_seconds < 60
