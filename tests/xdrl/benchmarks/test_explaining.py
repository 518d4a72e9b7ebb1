"""The speed of explanations, measured on a few frames: what the rows are of, and how they compare."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from xdrl.agents import Agent, Provenance
from xdrl.benchmarks.explaining import (
    ExplainingBenchmark,
    ExplainingTimes,
    benchmark_explaining,
    explaining_to_json,
)
from xdrl.benchmarks.reference import REFERENCES, reference_explainer
from xdrl.environments import action_names
from xdrl.errors import UserError
from xdrl.evaluation import record_episode
from xdrl.games import Protocol, find_game
from xdrl.imported_config import ACTION_VALUES
from xdrl.methods import METHOD_ROWS
from xdrl.nature import build_nature
from xdrl.nature_config import NatureConfig

pytestmark = pytest.mark.slow
ROWS = ["playing", *METHOD_ROWS, *(f"tf-keras-vis {name}" for name in REFERENCES)]


def make_judge() -> Agent:
    """An agent of another library's network, with Q-values of the six actions of Pong."""
    game = find_game("Pong")
    config = NatureConfig("test DQN", action_names(game), ACTION_VALUES, features=16)
    network = build_nature(config, seed=1)
    network.action_head.kernel.assign(network.action_head.kernel * 100)  # a fresh head says almost nothing
    return Agent(network, game, Provenance(Path("tiny"), 0, 0.0))


@pytest.fixture(scope="module")
def recording(agent):
    return record_episode(agent, Protocol(), 3, is_greedy=False, seed=0)


@pytest.fixture(scope="module")
def tasks() -> list[tuple[int, int, str]]:
    return []


@pytest.fixture(scope="module")
def measured(agent, recording, tasks) -> ExplainingBenchmark:
    return benchmark_explaining(agent, recording, 2, lambda *said: tasks.append(said))


@pytest.fixture
def benchmark(measured) -> ExplainingBenchmark:
    """Times that can be reckoned with."""
    times = {"playing": (0.5, 9.0, 0.4), "grad-cam": (0.6, 0.7, 0.5), "tf-keras-vis Gradcam": (3.0, 4.8, 5.0)}
    rows = {name: ExplainingTimes(3, times.get(name, (1.0, 1.0, 1.0))) for name in measured.rows}
    return dataclasses.replace(measured, rows=rows)


def test_every_method_has_its_row_beside_playing_and_tf_keras_vis(measured, tasks):
    assert list(measured.rows) == ROWS
    total = 3 * len(ROWS)
    assert [task[:2] for task in tasks] == [(done, total) for done in range(total + 1)]
    assert [tasks[0][2], tasks[len(ROWS)][2]] == ["playing, warming up", "playing, round 1 of 2"]
    assert (measured.game, measured.network, measured.num_frames) == ("Pong", "a3c", 3)
    for row in measured.rows.values():
        assert row.num_frames == 3 and len(row.milliseconds) == 2 and min(row.milliseconds) > 0
    assert measured.rows["occlusion"].median > measured.rows["grad-cam"].median, "100 passes take longer than one"


def test_ratios_are_of_medians(benchmark):
    assert benchmark.rows["grad-cam"].median == 0.6
    assert benchmark.grad_cam_to_playing == pytest.approx(0.6 / 0.5)
    assert benchmark.reference_to_grad_cam == pytest.approx(4.8 / 0.6)


def test_what_is_written_is_plain_json(benchmark):
    values = json.loads(json.dumps(explaining_to_json(benchmark), allow_nan=False))
    assert list(values["rows"]) == ROWS
    assert values["rows"]["grad-cam"] == {"num_frames": 3, "milliseconds": [0.6, 0.7, 0.5], "median": 0.6}
    assert values["ratios"] == {"grad_cam_to_playing": pytest.approx(1.2), "reference_to_grad_cam": pytest.approx(8)}
    assert values["machine"]["tensorflow"].startswith("2.") and values["chunk"] == 64


def test_nothing_to_repeat_is_refused(agent, recording):
    with pytest.raises(UserError, match="expected at least 1 repeat, got 0"):
        benchmark_explaining(agent, recording, 0)


@pytest.mark.parametrize("name", REFERENCES)
def test_what_is_timed_against_says_nothing(agent, recording, capfd, name):
    reference_explainer(name, agent.network)(recording.screens, recording.actions)
    assert capfd.readouterr().out == ""


@pytest.mark.parametrize("kind", ["a3c", "e-a3c", "imported"])
def test_what_grad_cam_is_timed_against_makes_the_same_maps(tiny, kind):
    agent = make_judge() if kind == "imported" else tiny.make_agent(kind, seed=1)
    screens = tiny.play_randomly(agent, 3)
    actions = np.array([0, 2, 5])
    found = reference_explainer("Gradcam", agent.network)(screens, actions)
    maps = agent.explain(screens, actions=actions).maps
    assert maps.max() > 0
    lowest, highest = maps.min((1, 2), keepdims=True), maps.max((1, 2), keepdims=True)
    np.testing.assert_allclose(found, (maps - lowest) / np.maximum(highest - lowest, 1e-6), atol=1e-3)
