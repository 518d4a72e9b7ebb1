"""The server under load, measured for a moment: what is asked of whom, and how the figures compare."""

import json

import pytest

from xdrl.benchmarks.load import LoadFigures
from xdrl.benchmarks.records import Machine
from xdrl.benchmarks.served import BareCalls, encode_screens, lay_out_models
from xdrl.benchmarks.serving import (
    ALONE,
    CLIENTS,
    WITH,
    WITHOUT,
    ServingBenchmark,
    ServingRound,
    benchmark_serving,
    serving_to_json,
)
from xdrl.errors import UserError


@pytest.fixture(scope="module")
def tasks() -> list[tuple[int, int, str]]:
    return []


@pytest.fixture(scope="module")
def measured(agent, exported, screens, tasks) -> ServingBenchmark:
    return benchmark_serving(agent, exported, screens, 0.02, 1, lambda *said: tasks.append(said))


@pytest.fixture
def benchmark() -> ServingBenchmark:
    """Figures that can be reckoned with."""

    def make_round(call: float, screens: float, lone: float, loaded: float) -> ServingRound:
        loads = {
            asked: {clients: LoadFigures(loaded, lone * cost, 20.0, 30.0) for clients in CLIENTS}
            for asked, cost in {WITH: 1.0, WITHOUT: 0.5, ALONE: 0.8}.items()
        }
        return ServingRound(call, screens, loads)

    rounds = (make_round(2, 1000, 3, 700), make_round(4, 500, 5, 400), make_round(2, 1000, 2.5, 600))
    return ServingBenchmark(Machine("AMD EPYC", 2, False, "3.11.7", "2.21.0", "3.15.1", None), "Pong", 3.0, rounds)


@pytest.mark.slow
def test_every_load_is_measured_in_every_round(measured, tasks):
    total = 2 * 3 * len(CLIENTS)
    assert [task[:2] for task in tasks] == [(0, total), *((done, total) for done in range(total + 1))]
    assert [task[2] for task in tasks[:2]] == ["starting the servers", "with heatmap, 1 client"]
    assert (measured.game, measured.seconds, len(measured.rounds)) == ("Pong", 0.02, 1)
    (each,) = measured.rounds
    assert each.bare_milliseconds > 0 and each.bare_screens_per_second > 0
    assert list(each.loads) == [WITH, WITHOUT, ALONE]
    for loads in each.loads.values():
        assert list(loads) == list(CLIENTS)
        assert all(found.requests_per_second > 0 and found.p50 > 0 for found in loads.values())


def test_ratios_are_taken_within_a_round(benchmark):
    assert benchmark.ratios == {
        "loaded_to_bare_batch": pytest.approx(0.7),
        "lone_to_unbatched": pytest.approx(1.25),
        "lone_to_bare_call": pytest.approx(1.25),
        "heatmap_to_none": pytest.approx(2.0),
    }
    assert benchmark.figures(WITH, 8) == LoadFigures(600, 3, 20, 30)


def test_what_is_written_is_plain_json(benchmark):
    values = json.loads(json.dumps(serving_to_json(benchmark), allow_nan=False))
    assert values["medians"][WITHOUT]["32"] == {"requests_per_second": 600, "p50": 1.5, "p95": 20, "p99": 30}
    assert values["ratios"]["heatmap_to_none"] == pytest.approx(2.0)
    assert len(values["rounds"]) == 3 and values["machine"]["num_cores"] == 2


def test_the_agent_without_a_heatmap_decides_the_same(agent, exported, screens, tmp_path):
    lay_out_models(tmp_path, exported, agent, "Blind")
    assert {path.parent.name for path in tmp_path.glob("*/1")} == {"Pong", "Blind"}
    images = encode_screens(screens)
    whole, blind = (BareCalls(tmp_path / name / "1") for name in ("Pong", "Blind"))
    answer, short = whole.ask(images), blind.ask(images)
    assert set(short) == {"action", "action_probabilities", "value"}
    assert set(short) < set(answer) and "heatmap" in answer
    for name, array in short.items():
        assert array == pytest.approx(answer[name], abs=1e-5)
    whole.close()
    blind.close()


@pytest.mark.parametrize(
    ("seconds", "repeats", "message"),
    [(0, 1, "expected seconds above 0, got 0"), (1, 0, "expected at least 1 repeat, got 0")],
)
def test_nothing_to_measure_is_refused(agent, exported, screens, seconds, repeats, message):
    with pytest.raises(UserError, match=message):
        benchmark_serving(agent, exported, screens, seconds, repeats)
