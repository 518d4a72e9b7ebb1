"""Which agent is meant where none is named."""

import json
import os
import shutil
from pathlib import Path

import pytest

from xdrl.agent_finder import find_agent
from xdrl.agent_folders import Places, find_agent_folder, folders_to_serve
from xdrl.errors import UserError
from xdrl.storage.runs import save_evaluation
from xdrl.storage.saved_models import AGENT_JSON

AGENT_STEPS = 40
"""Of the run that `write_run` writes."""


@pytest.fixture
def places(tmp_path) -> Places:
    return Places(*(tmp_path / name for name in ("runs", "exported_models", "imported", "saved_models")))


def put(exported: Path, version: Path, mean: float | None) -> Path:
    """Puts an exported agent somewhere, with the mean of an evaluation or none."""
    shutil.copytree(exported, version)
    values = json.loads((version / AGENT_JSON).read_text())
    values["evaluations"] = {} if mean is None else {"standard": record(mean)}
    (version / AGENT_JSON).write_text(json.dumps(values))
    return version


def record(mean: float) -> dict[str, object]:
    return {"protocol": "standard", "agent_steps": AGENT_STEPS, "mean": mean, "num_episodes": 100}


def meant(places: Places, game: str | None = "Pong") -> Path:
    return find_agent_folder(game, None, places).path


def test_a_folder_that_is_named_is_taken(tiny, agent, tmp_path, places, exported):
    put(exported, places.shipped / "Pong" / "1", 21.0)
    folder = tiny.write_run(agent, tmp_path / "mine")
    assert find_agent(None, folder, places).provenance.source == folder
    assert find_agent("pong", folder, places).provenance.source == folder
    assert find_agent("pong", None, places).provenance.source == places.shipped / "Pong" / "1"


def test_an_agent_of_another_game_is_refused(tiny, agent, tmp_path, places):
    folder = tiny.write_run(agent, tmp_path / "mine")
    with pytest.raises(UserError, match=r"expected an agent of DemonAttack in .*mine, got one of Pong"):
        find_agent("demon_attack", folder, places)


@pytest.mark.parametrize(
    ("run", "export", "shipped", "expected"),
    [
        (None, None, 19.85, "shipped"),
        (-20.5, None, 19.85, "shipped"),
        (None, -20.5, 19.85, "shipped"),
        (20.5, None, 19.85, "run"),
        (None, 20.5, 19.85, "export"),
        (20.5, 20.7, 19.85, "export"),
        # Of equals the run: the export is of it.
        (20.5, 20.5, 19.85, "run"),
        (-20.5, None, None, "run"),
        (None, None, None, "shipped"),
    ],
)
def test_the_agent_with_the_best_mean_is_meant(tiny, agent, exported, places, run, export, shipped, expected):
    paths = {"run": tiny.write_run(agent, places.runs / "Pong")}
    if run is not None:
        save_evaluation(paths["run"], record(run))
    paths["export"] = put(exported, places.exports / "Pong" / "1", export)
    paths["shipped"] = put(exported, places.shipped / "Pong" / "3", shipped)
    found = find_agent_folder("pong", None, places)
    assert (found.path, found.standing.path) == (paths[expected], paths[expected])
    assert paths["shipped"] not in [each.path for each in found.passed_over]
    assert found.path not in [each.path for each in found.passed_over]


def test_a_minute_of_training_and_its_export_take_no_shipped_agents_place(tiny, agent, exported, places):
    shipped = put(exported, places.shipped / "Pong" / "3", 19.85)
    run = tiny.write_run(agent, places.runs / "Pong")
    export = put(exported, places.exports / "Pong" / "1", None)
    found = find_agent_folder("Pong", None, places)
    assert (found.path, found.standing.mean, found.standing.num_episodes) == (shipped, 19.85, 100)
    assert [(each.path, each.agent_steps, each.mean) for each in found.passed_over] == [
        (run, AGENT_STEPS, None),
        (export, AGENT_STEPS, None),
    ]
    assert folders_to_serve(places) == {"Pong": shipped.parent}


def test_an_evaluation_of_other_weights_does_not_count(tiny, agent, exported, places):
    shipped = put(exported, places.shipped / "Pong" / "3", -3.0)
    run = tiny.write_run(agent, places.runs / "Pong")
    save_evaluation(run, record(20.0) | {"agent_steps": AGENT_STEPS - 1})
    assert meant(places) == shipped


def test_only_the_highest_version_of_an_export_counts_as_a_server_would_serve_it(exported, places):
    put(exported, places.exports / "Pong" / "1", 20.5)
    put(exported, places.exports / "Pong" / "2", None)
    shipped = put(exported, places.shipped / "Pong" / "3", 19.85)
    assert meant(places) == shipped


def test_what_is_served_is_chosen_by_the_same_rule_and_no_run_is(tiny, agent, exported, places):
    run = tiny.write_run(agent, places.runs / "Pong")
    save_evaluation(run, record(21.0))
    better = put(exported, places.exports / "Pong" / "1", 20.5)
    put(exported, places.shipped / "Pong" / "3", 19.85)
    other = put(exported, places.shipped / "Qbert" / "1", None)
    stranger = places.exports / "half_plus_two" / "123"
    stranger.mkdir(parents=True)
    (stranger / "saved_model.pb").touch()
    expected = {"Pong": better.parent, "Qbert": other.parent, "half_plus_two": stranger.parent}
    assert folders_to_serve(places) == expected


def test_an_export_that_cannot_be_read_is_worth_no_more_than_one_that_is_not_evaluated(exported, places):
    broken = put(exported, places.exports / "Pong" / "1", 21.0)
    (broken / AGENT_JSON).write_text("{")
    shipped = put(exported, places.shipped / "Pong" / "3", None)
    assert meant(places) == shipped


def test_without_a_game_that_of_the_run_trained_last_is_meant(tiny, agent, exported, places):
    shipped = put(exported, places.shipped / "Pong" / "1", 19.85)
    older = tiny.write_run(agent, places.runs / "Pong")
    newer = tiny.write_run(tiny.make_agent(game_name="Qbert"), places.runs / "mine")
    for folder, seconds in ((older, 1_000_000), (newer, 2_000_000)):
        os.utime(folder / "checkpoint", (seconds, seconds))
    assert meant(places, None) == newer
    os.utime(older / "checkpoint", (3_000_000, 3_000_000))
    assert meant(places, None) == shipped


def test_without_a_game_and_runs_an_agent_that_is_there_is_meant(exported, places):
    shipped = put(exported, places.shipped / "Pong" / "1", None)
    assert meant(places, None) == shipped


def test_a_run_that_has_saved_nothing_is_passed_over(tiny, agent, exported, places):
    shipped = put(exported, places.shipped / "Pong" / "1", None)
    folder = tiny.write_run(agent, places.runs / "Pong")
    shutil.rmtree(folder / "checkpoint")
    found = find_agent_folder(None, None, places)
    assert (found.path, found.passed_over) == (shipped, ())


def test_where_there_is_no_agent_it_is_said_how_to_get_one(places):
    with pytest.raises(UserError, match=r"expected an agent of Qbert in .*; get one: train Qbert, or import"):
        find_agent("qbert", None, places)
    with pytest.raises(UserError, match=r"expected an agent in .*, found none; get one: train Pong"):
        find_agent(None, None, places)


def test_an_unknown_game_is_refused_with_the_nearest_names(places):
    with pytest.raises(UserError, match="Qbert"):
        find_agent("qbret", None, places)
