"""An imported agent in the hands of the commands: found, explained, played."""

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from xdrl.agent_folders import find_agent_folder
from xdrl.agents import Agent, load_agent
from xdrl.commands.app import app
from xdrl.environments import find_protocol
from xdrl.evaluation import record_episode
from xdrl.games import ALL_ACTIONS
from xdrl.standings import read_standing
from xdrl.storage.runs import EVALUATIONS, save_evaluation
from xdrl.views.choosing import standing_line

FIXTURES = Path(__file__).with_name("fixtures")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which agents were imported."""
    folder = tmp_path_factory.mktemp("home")
    for name, game in (("recurrent-ppo.zip", "BreakoutNoFrameskip-v4"), ("dqn.zip", "seaquest")):
        output = folder / "imported" / game
        said = CliRunner().invoke(app, ["import", str(FIXTURES / name), "--game", game, "--output", str(output)])
        assert said.exit_code == 0, said.output
    return folder


@pytest.fixture(scope="module")
def agent(home: Path) -> Agent:
    return load_agent(home / "imported" / "BreakoutNoFrameskip-v4")


def test_what_was_imported_is_found_by_its_game(home: Path, monkeypatch: pytest.MonkeyPatch):
    (home / "imported" / "seaquest").rename(home / "imported" / "Seaquest")
    monkeypatch.chdir(home)
    found = find_agent_folder("Seaquest")
    assert (found.path, len(found.action_names)) == (Path("imported/Seaquest"), 18)


def test_what_it_was_evaluated_under_is_said(home: Path):
    folder = home / "imported" / "BreakoutNoFrameskip-v4"
    assert standing_line(read_standing(folder)).endswith(" agent steps, not evaluated")
    steps = read_standing(folder).agent_steps
    save_evaluation(folder, {"protocol": "sb3", "agent_steps": steps, "mean": 1.5, "num_episodes": 4})
    assert standing_line(read_standing(folder)).endswith(" agent steps, evaluated under sb3 alone")
    (folder / EVALUATIONS).unlink()


@pytest.mark.slow
def test_what_it_did_is_explained_by_its_cells_and_by_its_pixels(agent: Agent):
    recording = record_episode(agent, find_protocol("sb3", agent.game), 4, is_greedy=False, seed=0)
    for method, target in (("grad-cam", "contrast"), ("saliency", "value")):
        found = agent.explain(recording.screens, recording.state, target, method, recording.actions)
        assert len(found.maps) == 4
        assert np.isfinite(found.maps).all()


def test_an_agent_with_all_actions_plays_with_all_of_them(tmp_path: Path):
    command = ["import", str(FIXTURES / "dqn.zip"), "--game", "Breakout", "--output", str(tmp_path)]
    said = CliRunner().invoke(app, command)
    assert "It plays with all 18 actions (full_action_space); Breakout needs 4." in said.output
    agent = load_agent(tmp_path)
    assert agent.action_names == ALL_ACTIONS
    recording = record_episode(agent, find_protocol(agent.protocol_name, agent.game), 3, is_greedy=False, seed=0)
    assert recording.logits.shape == (3, 18)
    assert find_agent_folder("Breakout", tmp_path).game.name == "Breakout"


def test_an_agent_takes_the_place_of_another_but_not_of_a_run(home: Path, tmp_path: Path):
    command = ["import", str(FIXTURES / "ppo.zip"), "--game", "Breakout", "--output", str(tmp_path)]
    (tmp_path / "evaluations.json").write_text("{}")
    assert CliRunner().invoke(app, command).exit_code == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["agent.npz"]
    (tmp_path / "config.json").write_text("{}")
    assert "which holds a run" in str(CliRunner().invoke(app, command).exception)
