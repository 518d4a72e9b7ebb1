"""An imported agent is exported, proved, and played over REST with what it remembers."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from serving.client import AgentClient
from serving.export import export_agent
from tests.serving.conftest import serve_folder
from xdrl.agents import load_agent
from xdrl.commands.app import app
from xdrl.environments import find_protocol
from xdrl.evaluation import record_episode

FIXTURES = Path(__file__).parents[1] / "xdrl" / "imports" / "fixtures"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["recurrent-ppo.zip", "cleanrl-ppo.pth", "qrdqn.zip"])
def test_an_export_is_proved_and_played_over_rest(name: str, tmp_path: Path):
    said = CliRunner().invoke(
        app, ["import", str(FIXTURES / name), "--game", "Breakout", "--output", str(tmp_path / "agent")]
    )
    assert said.exit_code == 0, said.output
    agent, models = load_agent(tmp_path / "agent"), tmp_path / "models"
    version = export_agent(agent, models)
    values = json.loads((version / "assets.extra" / "agent.json").read_text("utf-8"))
    assert values["memory"]["state_frames"] == {"shape": [84, 84, 3], "dtype": "uint8"}
    again = load_agent(version)
    recording = record_episode(agent, find_protocol("sb3", agent.game), 6, is_greedy=True, seed=0)
    np.testing.assert_array_equal(again.act(recording.screens[:1]).logits, agent.act(recording.screens[:1]).logits)
    with serve_folder(models) as url:
        player = AgentClient(url, "Breakout").play(sample=False)
        for step, screen in enumerate(recording.screens):
            answer = player.step(screen)
            assert answer.action == recording.actions[step]
            assert answer.value == pytest.approx(recording.values[step], abs=1e-4)
        assert answer.state.frames.dtype == np.uint8
