"""The speed of the server, measured shortly: what is loaded, how the figures compare, and what is refused."""

import json
from pathlib import Path

import pytest

import xdrl
from xdrl.benchmarks.load import LoadFigures
from xdrl.benchmarks.measuring import describe_machine
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
from xdrl.environments import VectorEnvironment
from xdrl.errors import UserError

VERSION = Path(__file__).parents[3] / "saved_models" / "Pong" / "2"


def one_round(scale: float) -> ServingRound:
    """Figures that one can reckon with, on a machine that is so many times slower."""
    loads = {
        asked: {clients: LoadFigures(rate * clients / scale, p50 * scale, 9.0, 9.0) for clients in CLIENTS}
        for asked, rate, p50 in ((WITH, 10.0, 6.0), (WITHOUT, 20.0, 4.0), (ALONE, 5.0, 5.0))
    }
    return ServingRound(3.0 * scale, 640.0 / scale, loads)


def test_ratios_are_taken_within_a_round():
    found = ServingBenchmark(describe_machine("tensorflow"), "Pong", 3.0, tuple(map(one_round, (1.0, 2.0, 7.0))))
    assert found.ratios == pytest.approx(
        {"loaded_to_bare_batch": 0.5, "lone_to_unbatched": 1.2, "lone_to_bare_call": 2.0, "heatmap_to_none": 1.5}
    )
    assert found.figures(WITH, 8) == LoadFigures(40.0, 12.0, 9.0, 9.0)
    written = json.loads(json.dumps(serving_to_json(found)))
    assert written["medians"][WITH]["8"]["p50"] == 12.0 and written["ratios"]["lone_to_bare_call"] == 2.0


@pytest.mark.parametrize(("seconds", "repeats", "reason"), [(3.0, 0, "1 repeat, got 0"), (0.0, 1, "above 0, got 0")])
def test_what_makes_no_sense_is_refused(seconds: float, repeats: int, reason: str):
    with pytest.raises(UserError, match=reason):
        benchmark_serving(None, VERSION, [], seconds, repeats)


@pytest.mark.slow
def test_everything_is_measured():
    agent = xdrl.load_agent(VERSION)
    environment = VectorEnvironment(agent.game, 2)
    rounds: list[int] = []
    found = benchmark_serving(agent, VERSION, environment.reset(seed=0), 0.4, 1, rounds.append)
    environment.close()
    assert rounds == [0, 1]
    (only,) = found.rounds
    assert {asked: tuple(loads) for asked, loads in only.loads.items()} == dict.fromkeys(
        (WITH, WITHOUT, ALONE), CLIENTS
    )
    assert all(each.requests_per_second > 0 for loads in only.loads.values() for each in loads.values())
    assert only.loads[WITH][1].p50 > only.bare_milliseconds
