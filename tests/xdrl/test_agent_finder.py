"""Which agent is meant where none is named."""

import os
import shutil
from pathlib import Path

import pytest

from xdrl.agent_finder import find_agent
from xdrl.errors import UserError
from xdrl.networks import variables_to_arrays
from xdrl.storage.checkpoints import RunState, save_best


@pytest.fixture
def places(tmp_path) -> dict[str, Path]:
    return {"runs": tmp_path / "runs", "saved_models": tmp_path / "saved_models"}


@pytest.fixture
def shipped(places, exported) -> Path:
    folder = places["saved_models"] / "Pong" / "1"
    shutil.copytree(exported, folder)
    return folder


def test_a_folder_that_is_named_is_taken(tiny, agent, tmp_path, places, shipped):
    folder = tiny.write_run(agent, tmp_path / "mine")
    assert find_agent(None, folder, **places).provenance.source == folder
    assert find_agent("pong", folder, **places).provenance.source == folder


def test_an_agent_of_another_game_is_refused(tiny, agent, tmp_path, places):
    folder = tiny.write_run(agent, tmp_path / "mine")
    with pytest.raises(UserError, match=r"expected an agent of DemonAttack in .*mine, got one of Pong"):
        find_agent("demon_attack", folder, **places)


def test_a_run_with_best_weights_comes_before_the_shipped_agent(tiny, agent, places, shipped):
    folder = tiny.write_run(agent, places["runs"] / "Pong")
    save_best(folder, variables_to_arrays(agent.network.weights), RunState())
    assert find_agent("pong", None, **places).provenance.source == folder


def test_the_shipped_agent_comes_before_a_run_without_best_weights(tiny, agent, places, shipped):
    folder = tiny.write_run(agent, places["runs"] / "Pong")
    assert find_agent("Pong", None, **places).provenance.source == shipped
    shutil.rmtree(shipped)
    assert find_agent("Pong", None, **places).provenance.source == folder


def test_without_a_game_the_run_trained_last_is_meant(tiny, agent, places, shipped):
    older = tiny.write_run(agent, places["runs"] / "Pong")
    newer = tiny.write_run(tiny.make_agent(game_name="Qbert"), places["runs"] / "Qbert")
    for folder, seconds in ((older, 1_000_000), (newer, 2_000_000)):
        os.utime(folder / "checkpoint", (seconds, seconds))
    assert find_agent(None, None, **places).provenance.source == newer
    os.utime(older / "checkpoint", (3_000_000, 3_000_000))
    assert find_agent(None, None, **places).provenance.source == older


def test_without_a_game_and_runs_a_shipped_agent_is_meant(places, shipped):
    assert find_agent(None, None, **places).provenance.source == shipped


def test_a_run_that_has_saved_nothing_is_passed_over(tiny, agent, places, shipped):
    folder = tiny.write_run(agent, places["runs"] / "Pong")
    shutil.rmtree(folder / "checkpoint")
    assert find_agent(None, None, **places).provenance.source == shipped


def test_where_there_is_no_agent_it_is_said_how_to_get_one(places):
    with pytest.raises(UserError, match=r"expected an agent of Qbert in .*; get one: train Qbert"):
        find_agent("qbert", None, **places)
    with pytest.raises(UserError, match=r"expected an agent in .*, found none; get one: train Pong"):
        find_agent(None, None, **places)


def test_an_unknown_game_is_refused_with_the_nearest_names(places):
    with pytest.raises(UserError, match="Qbert"):
        find_agent("qbret", None, **places)
