"""An imported agent is exported, proved, and played over REST and on the server's page with what it remembers."""

import base64
import io
import json
from collections.abc import Callable, Iterator
from contextlib import chdir
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from serving.client import AgentClient
from tests.serving.conftest import serve_folder
from tests.serving.test_examples import ROOT, run
from xdrl.agents import load_agent
from xdrl.commands.app import app
from xdrl.environments import find_protocol
from xdrl.evaluation import record_episode

FIXTURES = Path(__file__).parents[1] / "xdrl" / "imports" / "fixtures"
MOST_BYTES = 300_000
"""Of the piece of a game that an export brings along."""


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Imports and exports a fixture, once; gives the version."""

    @cache
    def run(name: str) -> Path:
        folder = tmp_path_factory.mktemp("imported")
        command = ["import", str(FIXTURES / name), "--game", "Breakout", "--output", str(folder / "agent")]
        said = CliRunner().invoke(app, command)
        assert said.exit_code == 0, said.output
        with chdir(folder):  # where no other agent of the game is
            said = CliRunner().invoke(app, ["export", "Breakout", "--run-dir", "agent", "--output", "models"])
        assert said.exit_code == 0, said.exception
        return folder / "models" / "Breakout" / "1"

    return run


@pytest.fixture(scope="module")
def judge_url(export: Callable[[str], Path]) -> Iterator[str]:
    """A server over an agent that judges actions."""
    with serve_folder(export("qrdqn.zip").parents[1]) as url:
        yield url


@pytest.mark.slow
@pytest.mark.parametrize("name", ["recurrent-ppo.zip", "cleanrl-ppo.pth", "qrdqn.zip"])
def test_an_export_is_proved_and_played_over_rest(name: str, export: Callable[[str], Path]):
    version = export(name)
    values = json.loads((version / "assets.extra" / "agent.json").read_text("utf-8"))
    assert values["memory"]["state_frames"] == {"shape": [84, 84, 3], "dtype": "uint8"}
    agent, again = load_agent(version.parents[2] / "agent"), load_agent(version)
    recording = record_episode(agent, find_protocol("sb3", agent.game), 6, is_greedy=True, seed=0)
    np.testing.assert_array_equal(again.act(recording.screens[:1]).logits, agent.act(recording.screens[:1]).logits)
    with serve_folder(version.parents[1]) as url:
        player = AgentClient(url, "Breakout").play(sample=False)
        for step, screen in enumerate(recording.screens):
            answer = player.step(screen)
            assert answer.action == recording.actions[step]
            assert answer.value == pytest.approx(recording.values[step], abs=1e-4)
            if agent.judges_actions:
                assert list(answer.q_values.values()) == pytest.approx(recording.logits[step].tolist(), abs=1e-4)
            else:
                assert answer.q_values is None
        assert answer.state.frames.dtype == np.uint8


@pytest.mark.slow
def test_the_example_for_curl_plays_it_with_its_last_screens(
    judge_url: str, export: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROTOCOL", "sb3")
    done = run(ROOT / "examples/play_over_rest.sh", "Breakout", 4, judge_url)
    agent = load_agent(export("qrdqn.zip"))
    recording = record_episode(agent, find_protocol("sb3", agent.game), 4, is_greedy=True, seed=0)
    assert (done.returncode, done.stderr) == (0, "")
    values = [float(line.split("value ")[1].split(",")[0]) for line in done.stdout.splitlines()]
    assert values == pytest.approx(recording.values.tolist(), abs=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["recurrent-ppo.zip", "cleanrl-ppo.pth", "qrdqn.zip"])
def test_an_export_brings_a_piece_of_a_game_with_its_whole_memory(name: str, export: Callable[[str], Path]):
    path = export(name) / "assets.extra" / "game.json"
    agent, told = load_agent(path.parents[4] / "agent"), json.loads(path.read_text("utf-8"))
    assert path.stat().st_size < MOST_BYTES
    for part, expected in agent.network.memory_parts.items():
        assert np.shape(told[f"state_{part}"]) == expected.shape
    assert all(0 < step < told["count"] for step in told["begins"])


@pytest.mark.slow
def test_the_page_steps_through_its_game_and_shows_q_values(
    page: Any, judge_url: str, export: Callable[[str], Path]
) -> None:
    told = json.loads((export("qrdqn.zip") / "assets.extra" / "game.json").read_text("utf-8"))
    page.open(judge_url + "/")
    for screen in (1, 2, 3):
        page.wait(lambda number=screen: page.text("#given-caption").startswith(f"Screen {number} "))
        page.wait(lambda: not page.run("return document.body.classList.contains('busy')"))
        if screen < 3:
            page.click("#forward")
    assert page.text("#bars-title") == "What it could do, by Q-value"
    assert page.texts("#facts dt")[0] == "Best Q-value"
    shown = [float(text) for text in page.texts("#bars .share")]
    agent = load_agent(export("qrdqn.zip"))
    screens = np.frombuffer(read_png(told["screens"]), np.uint8).reshape(-1, 210, 160, 3)
    memory = type(agent.initial_state(1))(np.array(told["state_frames"], np.uint8)[None])
    for step in range(3):
        memory = agent.initial_state(1) if step in told["begins"] else memory
        decision = agent.act(screens[step : step + 1], memory)
        memory = decision.state
    assert shown == pytest.approx(decision.logits[0].tolist(), abs=1e-3)
    page.click("#bars li:last-child button")
    page.wait(lambda: page.text("#why-title"))
    assert page.complaints() == []


def read_png(encoded: str) -> bytes:
    """The pixels of a PNG in base 64."""
    with Image.open(io.BytesIO(base64.b64decode(encoded))) as picture:
        return picture.convert("RGB").tobytes()
