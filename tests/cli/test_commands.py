"""The commands as a person runs them, from training to a query."""

import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import cli

ROOT = Path(__file__).parents[2]
COMMANDS = ("train", "evaluate", "explain", "export", "serve", "query", "games")
SMALL = ("--workers", "1", "--envs-per-worker", "2", "--network", "a3c")


@pytest.mark.parametrize("name", ["train", "resume", "evaluate", "record", "explain", "export", "games"])
def test_each_command_succeeds_and_says_nothing_of_errors(done, name):
    assert (done[name].returncode, done[name].stderr) == (0, ""), done[name]
    assert done[name].stdout.strip() and "Traceback" not in done[name].stdout


def test_training_saves_a_run_and_a_second_call_goes_on(home, done):
    first, second = (
        int(re.search(r"Saved in runs/Pong: ([\d,]+) agent steps", done[name].stdout)[1].replace(",", ""))
        for name in ("train", "resume")
    )
    assert 40 <= first < 120 <= second < 200
    state = json.loads((home / "runs/Pong/checkpoint/state.json").read_text())
    assert state["agent_steps"] == second and state["updates"] == second // 40
    assert (home / "runs/Pong/progress.csv").read_text().startswith("agent_steps,frames,seconds,steps_per_second,")


def test_an_evaluation_is_shown_and_written(home, done):
    record = json.loads((home / "report/pong.json").read_text())
    assert (record["game"], record["seed"], record["actions"], record["num_episodes"]) == ("Pong", 3, "sampled", 1)
    assert "Written: report/pong.json" in done["evaluate"].stdout and "best score" in done["evaluate"].stdout
    kept = json.loads((home / "runs/Pong/evaluation.json").read_text())
    assert (kept["protocol"], kept["actions"]) == ("sticky", "greedy")


def test_an_explanation_is_written_where_it_is_said(home, done):
    folder = home / "explanations/Pong"
    assert {path.name for path in folder.iterdir()} == {"video.mp4", "strip.png", "explanation.json"}
    record = json.loads((folder / "explanation.json").read_text())
    assert (record["steps"], record["target"], record["network"]) == (8, "contrast:right", "a3c")
    assert "after 8 agent steps, where --steps cut it" in done["explain"].stdout


def test_an_export_brings_its_evaluation_and_is_listed(home, done):
    assert "Written: saved_models/Pong/1" in done["export"].stdout
    values = json.loads((home / "saved_models/Pong/1/assets.extra/agent.json").read_text())
    assert values["evaluation"]["protocol"] == "sticky" and "scores" not in values["evaluation"]
    assert "saved_models/Pong/1 (120 steps)" in done["games"].stdout


def test_a_query_shows_the_action_and_writes_the_overlay(run, home, server, screenshot):
    answer = run(home, "query", screenshot, "--url", server)
    assert (answer.returncode, answer.stderr) == (0, "")
    assert re.search(r"action (NOOP|FIRE|RIGHT|LEFT|RIGHTFIRE|LEFTFIRE), value", answer.stdout)
    assert (home / "screenshot-overlay.png").read_bytes().startswith(b"\x89PNG")
    named = run(home, "query", screenshot, "--game", "pong", "--url", server, "--overlay", "heat.png")
    assert named.returncode == 0 and "Written: heat.png" in named.stdout
    assert (home / "heat.png").read_bytes() == (home / "screenshot-overlay.png").read_bytes()


@pytest.fixture(scope="module")
def interrupted(tiny, start, end, tmp_path_factory) -> dict[signal.Signals, tuple[Path, subprocess.CompletedProcess]]:
    """Runs that were told to stop while they trained, by signal."""
    started = {}
    for number in (signal.SIGINT, signal.SIGTERM):
        folder = tmp_path_factory.mktemp(number.name)
        tiny.write_run(tiny.make_agent(), folder / "runs/Pong")
        started[number] = folder, start(folder, "train", "Pong", "--minutes", 5, *SMALL)
    ended = {}
    for number, (folder, process) in started.items():
        wait_for(folder / "runs/Pong/progress.csv")  # the signals are heeded from before it is made
        process.send_signal(number)
        ended[number] = folder, end(process)
    return ended


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 60
    while not path.exists() and time.monotonic() < deadline:
        time.sleep(0.1)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_told_to_stop_saves_and_ends_well(interrupted, number):
    folder, ended = interrupted[number]
    assert (ended.returncode, ended.stderr) == (0, ""), ended.stdout
    assert "Saved in runs/Pong" in ended.stdout
    assert json.loads((folder / "runs/Pong/checkpoint/state.json").read_text())["agent_steps"] >= 40
    assert (folder / "runs/Pong/checkpoint.previous").is_dir()


def test_a_run_can_be_put_aside(run, home, done, tmp_path, tiny):
    tiny.write_run(tiny.make_agent(), tmp_path / "runs/Pong", agent_steps=7)
    again = run(tmp_path, "train", "Pong", "--agent-steps", 1, "--fresh", "--from", home / "saved_models/Pong", *SMALL)
    assert (again.returncode, again.stderr) == (0, ""), again
    aside = re.search(r"The run that was in runs/Pong is now in (runs/Pong\.[\d-]+)\.", again.stdout)
    assert json.loads((tmp_path / aside[1] / "checkpoint/state.json").read_text())["agent_steps"] == 7
    assert "40 agent steps" in again.stdout
    old, new = (np.load(folder / "checkpoint/weights.npz") for folder in (home / "runs/Pong", tmp_path / "runs/Pong"))
    with old, new:
        far = max(np.abs(old[name] - new[name]).max() for name in old.files)
    assert far < 0.01, "the new run did not start from the agent's weights"


@pytest.mark.parametrize("name", ["", *COMMANDS])
def test_every_command_has_help(name, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["cli.py", *name.split(), "--help"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    text = capsys.readouterr().out
    assert ended.value.code == 0 and "Usage: " in text
    for word in COMMANDS if not name else ():
        assert word in text
    options = [line for line in text.splitlines() if re.match(r"  (--|\[?[A-Z])", line)]
    assert all(len(line.split("  ", 2)[-1].strip()) > 8 for line in options)


def test_help_and_games_do_not_wait_for_tensorflow():
    code = "import sys, cli; sys.argv = ['cli.py', 'games']\ntry: cli.main()\nexcept SystemExit: pass\n"
    code += "assert not {'tensorflow', 'keras'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT, capture_output=True)
