"""The commands as a person runs them, from training to a query."""

import functools
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import cli

ROOT = Path(__file__).parents[2]
COMMANDS = (
    *("train", "recipe", "evaluate", "table", "explain", "watch", "trust", "intervene", "figures", "plot"),
    *("export", "serve", "query", "games", "cards", "methods", "benchmark", "import"),
)
OTHER_SIGNALS = (signal.SIGTERM, signal.SIGHUP)
SMALL = ("--workers", "1", "--envs-per-worker", "2", "--network", "a3c", "--episodes", "0")


@pytest.mark.parametrize("name", ["train", "resume", "evaluate", "explain", "export", "games", "figures", "methods"])
def test_each_command_succeeds_and_says_nothing_of_errors(done, name):
    said = done[name].stderr.splitlines()
    assert done[name].returncode == 0, done[name]
    # An agent that has hardly learned is worth a warning where it is explained, and nothing else is.
    assert [line for line in said if name != "explain" or not line.startswith("warning: The policy is nearly")] == []
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


def test_training_says_what_it_does_what_to_expect_and_what_comes_next(done):
    said = done["train"].stdout
    assert said.startswith("Loading tensorflow ...\nReading the run; of a new one, playing at random")
    assert re.search(r"What to expect: the mean score of Pong/\d+ was -[\d.]+ after 0\.\d M, ", said)
    assert "\nBuilding the networks, and playing the games out of step ...\n" in said
    commands = [line.split("#")[0].strip() for line in said.partition("Next:\n")[2].splitlines()]
    agent = "Pong --agent runs/Pong"
    assert commands == [f"python cli.py {rest}" for rest in (f"evaluate {agent}", f"explain {agent}", "export Pong")]


def test_an_evaluation_is_shown_and_kept_with_the_run(home, done):
    record = json.loads((home / "runs/Pong/evaluations.json").read_text())["sticky"]
    assert (record["game"], record["protocol"], record["actions"], record["seed"]) == ("Pong", "sticky", "sampled", 3)
    assert len(record["scores"]) == record["num_episodes"] == 1
    said = done["evaluate"].stdout
    assert "Written: runs/Pong/evaluations.json" in said
    assert re.search(rf"best score +. {record['scores'][0]:,.0f} ", said)
    mean, steps = f"{record['scores'][0]:.2f}", f"{record['lengths'][0]:,}"
    assert re.search(rf"Playing Pong .* 1/1 mean {mean}, {steps} steps", said)


@pytest.mark.slow
def test_an_evaluation_goes_where_it_is_told(run, home, done):
    said = run(home, "evaluate", "--agent", "runs/Pong", "--episodes", 1, "--greedy", "--output", "report/pong.json")
    assert (said.returncode, said.stderr) == (0, "")
    record = json.loads((home / "report/pong.json").read_text())
    assert (record["game"], record["protocol"], record["actions"]) == ("Pong", "standard", "greedy")


def test_an_explanation_is_written_where_it_is_said(home, done):
    folder = home / "explanations/Pong"
    names = {"video.mp4", "clip.gif", "strip.png", "explanation.json", "report.html"}
    assert {path.name for path in folder.iterdir()} == names
    record = json.loads((folder / "explanation.json").read_text())
    assert (record["steps"], record["target"], record["network"]) == (8, "contrast:right", "a3c")
    assert "after 8 agent steps, where --steps cut it" in done["explain"].stdout
    assert (
        "How grad-cam compares with other methods on this agent is not known: `python cli.py trust"
        in done["explain"].stdout
    )
    assert f"Open file://{folder}/report.html" in done["explain"].stdout
    with np.load(home / "raw/maps.npz") as maps:
        assert maps["grad-cam/maps"].shape == (8, 8, 8)


def test_a_report_says_how_it_was_made(home, done):
    page = (home / "explanations/Pong/report.html").read_text()
    assert "python cli.py explain --steps 8 --target contrast:right --maps raw/maps.npz" in page


@pytest.mark.slow
def test_methods_are_compared_in_a_picture_and_in_the_report(run, home, done):
    asked = ("--steps", 3, "--method", "all", "--target", "value", "--output", "all")
    said = run(home, "explain", "--agent", "runs/Pong", *asked)
    assert said.returncode == 0
    # One method knows no target without an action; that is said, and costs no other.
    expected = "warning: sarfa: expected a target that is about an action, got value\n"
    assert expected in said.stderr
    assert "methods.png, report.html" in said.stdout


@pytest.mark.slow
def test_trust_says_its_agent_and_its_verdicts_and_writes_them_with_a_figure(home, trusted):
    assert (trusted.returncode, trusted.stderr) == (0, "")
    assert trusted.stdout.startswith("Pong: exported_models/Pong/1, 120 agent steps, evaluated under sticky alone\n")
    assert "does the heatmap tell the truth?" in trusted.stdout
    record = json.loads((home / "trust/Pong/trust.json").read_text())
    assert " ".join(record["summary"].split()) in " ".join(trusted.stdout.split())
    assert (record["agent"]["agent_steps"], len(record["episodes"])) == (120, 2)
    claims = record["methods"][0]["claims"]
    verdicts = {claim["verdict"] for claim in claims}
    assert verdicts and all(verdict in trusted.stdout for verdict in verdicts)
    with Image.open(home / "trust/Pong/trust.png") as picture:
        assert (picture.format, picture.width) == ("PNG", 1800)
    kept = json.loads((home / "exported_models/Pong/1/assets.extra/agent.json").read_text())["claims"]
    assert {claim["claim"] for claim in kept} == {f"grad-cam: {claim['sentence']}" for claim in claims}


@pytest.mark.slow
def test_a_league_is_held_kept_in_an_export_and_asked_for_the_best_method(run, home, done):
    export = "exported_models/Pong/1"
    asked = ("--methods", "grad-cam,layer-cam", "--episodes", 2, "--steps", 20, "--frames", 3, "--keep")
    said = run(home, "trust", "--agent", export, *asked)
    assert (said.returncode, said.stderr) == (0, "")
    assert "Written: trust/Pong/league.json and trust/Pong/league.png" in said.stdout
    kept = json.loads((home / export / "assets.extra" / "agent.json").read_text())
    assert kept["league"] == json.loads((home / "trust/Pong/league.json").read_text())["known"]
    assert kept["heatmap_note"] == kept["league"]["words"]["grad-cam"]
    said = run(home, "explain", "--agent", export, "--steps", 3, "--method", "best:policy", "--output", "best")
    assert "on this agent" in said.stdout and kept["heatmap_note"] in said.stdout
    assert kept["heatmap_note"] in (home / "best/report.html").read_text()
    said = run(home, "trust", "--agent", "runs/Pong", *asked)
    assert said.returncode == 1 and "expected an exported agent to --keep it in" in said.stderr


def test_the_papers_figures_are_drawn_from_the_agents_that_are_named(home, done):
    names = ["figure-1.png", "figure-2-Pong.png", "figure-3.png"]
    assert sorted(path.name for path in (home / "figures").iterdir()) == names
    assert all(f"Written: figures/{name}" in done["figures"].stdout for name in names)


def test_every_method_is_listed_with_its_source(done):
    said = done["methods"].stdout
    assert "grad-cam++" in said and "sarfa" in said and "Selvaraju et al. 2017" in said


def test_watching_shows_a_page_until_it_is_stopped(start, end, home, done):
    process = start(home, "watch", "--agent", "runs/Pong", "--port", 0)
    line = next(line for line in iter(process.stdout.readline, "") if "open" in line)
    address = re.search(r"open (http://127\.0\.0\.1:\d+/)", line)
    assert address, line + process.stderr.read()
    with urllib.request.urlopen(address[1], timeout=20) as answer:
        assert b"<title>Pong" in answer.read()
    process.send_signal(signal.SIGINT)
    ended = end(process)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_an_export_brings_its_evaluation_and_takes_no_shipped_agents_place(home, done):
    assert "Written: exported_models/Pong/1" in done["export"].stdout
    values = json.loads((home / "exported_models/Pong/1/assets.extra/agent.json").read_text())
    assert values["evaluations"]["sticky"]["protocol"] == "sticky" and "scores" not in values["evaluations"]["sticky"]
    assert not (home / "saved_models").exists()
    assert re.search(r"Pong .* version \d+ .*\n.* [\d.]+ M steps .*\n.* mean [\d.]+ ", done["games"].stdout)


@pytest.fixture(scope="module")
def trained(tiny, tmp_path_factory) -> Path:
    """A folder with two runs of Pong that have ended games, and one that has ended none."""
    folder = tmp_path_factory.mktemp("trained")
    header = "agent_steps,frames,seconds,steps_per_second,episodes,score_mean_100,score_best,entropy,"
    header += "policy_loss,value_loss,gradient_norm,policy_lag\n"
    for name, scores in (("Pong", "-20.5 -13"), ("Other", "-20.5 -3"), ("New", "nan nan")):
        tiny.write_run(tiny.make_agent(), folder / "runs" / name)
        rows = (f"{20 * (i + 1)},{80 * (i + 1)},1,20,1,{mean},-3,1.5,0,0,1,0" for i, mean in enumerate(scores.split()))
        (folder / "runs" / name / "progress.csv").write_text(header + "\n".join(rows) + "\n")
    return folder


def test_a_plot_is_of_every_run_that_has_a_curve(run, trained):
    said = run(trained, "plot")
    assert (said.returncode, said.stderr) == (0, "")
    expected = "Left out: expected a learning curve in runs/New/progress.csv, got no game that ended"
    assert said.stdout.splitlines() == [expected, "Written: learning-curves.png"]
    with Image.open(trained / "learning-curves.png") as picture:
        assert (picture.format, picture.width) == ("PNG", 1600)


def test_a_plot_is_of_what_is_named_and_goes_where_it_is_told(run, trained):
    said = run(trained, "plot", "runs/Pong", "runs/Other", "--output", "docs/two.png")
    assert (said.returncode, said.stdout, said.stderr) == (0, "Written: docs/two.png\n", "")
    assert run(trained, "plot", "runs/Pong", "--output", "docs/one.png").returncode == 0
    colours = {}
    for name in ("one", "two"):
        with Image.open(trained / "docs" / f"{name}.png") as picture:
            colours[name] = {colour for _, colour in picture.convert("RGB").getcolors(picture.width * picture.height)}
    first, second = (0x00, 0x72, 0xB2), (0xD5, 0x5E, 0x00)
    assert {first, second} <= colours["two"]
    assert first in colours["one"] and second not in colours["one"]


def test_a_server_has_a_page_and_where_it_is_asked_for_metrics(server):
    for path, content in (("/", b"<h1>Try a model</h1>"), ("/monitoring/prometheus/metrics", b":tensorflow:serving:")):
        with urllib.request.urlopen(server + path, timeout=20) as answer:
            assert content in answer.read()


def test_a_query_shows_the_action_and_writes_the_overlay(run, home, server, screenshot):
    answer = run(home, "query", screenshot.relative_to(home), "--url", server)
    assert (answer.returncode, answer.stderr) == (0, "")
    assert list(screenshot.parent.iterdir()) == [screenshot]
    assert re.search(r"action (NOOP|FIRE|RIGHT|LEFT|RIGHTFIRE|LEFTFIRE), value", answer.stdout)
    assert (home / "screenshot-overlay.png").read_bytes().startswith(b"\x89PNG")
    named = run(home, "query", screenshot, "--game", "pong", "--url", server, "--overlay", "heat.png")
    assert named.returncode == 0 and "Written: heat.png" in named.stdout
    assert (home / "heat.png").read_bytes() == (home / "screenshot-overlay.png").read_bytes()


@pytest.fixture(scope="module")
def interrupt(tiny, start, end, home, done, tmp_path_factory):
    """Tells a fresh run to stop while it trains, once by each signal: the folder, and what the command said."""

    @functools.cache
    def interrupt(number):
        folder = tmp_path_factory.mktemp(number.name)
        tiny.write_run(tiny.make_agent(), folder / "runs/Pong", agent_steps=7)
        shipped = home / "exported_models/Pong"
        process = start(folder, "train", "Pong", "--minutes", 5, "--fresh", "--from", shipped, *SMALL)
        # The signals are heeded from before the run has a checkpoint of its own.
        while process.poll() is None:
            if list(folder.glob("runs/Pong.*")) and (folder / "runs/Pong/checkpoint").exists():
                break
            time.sleep(0.1)
        process.send_signal(number)
        return folder, end(process)

    return interrupt


@pytest.mark.parametrize("number", [signal.SIGINT, *(pytest.param(n, marks=pytest.mark.slow) for n in OTHER_SIGNALS)])
def test_a_run_that_is_told_to_stop_saves_and_ends_well(interrupt, number):
    folder, ended = interrupt(number)
    assert (ended.returncode, ended.stderr) == (0, ""), ended.stdout
    steps = json.loads((folder / "runs/Pong/checkpoint/state.json").read_text())["agent_steps"]
    assert f"Saved in runs/Pong: {steps:,} agent steps" in ended.stdout


def test_a_fresh_run_puts_the_one_before_aside_and_starts_from_the_agent_that_is_named(interrupt, home):
    folder, ended = interrupt(signal.SIGINT)
    aside = re.search(r"The run that was in runs/Pong is now in (runs/Pong\.[\d-]+)\.", ended.stdout)
    assert json.loads((folder / aside[1] / "checkpoint/state.json").read_text())["agent_steps"] == 7
    paths = [
        where / "checkpoint/weights.npz" for where in (home / "runs/Pong", folder / "runs/Pong", folder / aside[1])
    ]
    shipped, fresh, old = (dict(np.load(path)) for path in paths)
    assert max(np.abs(fresh[name] - shipped[name]).max() for name in fresh) < 0.05
    assert max(np.abs(fresh[name] - old[name]).max() for name in fresh) > 0.5


@pytest.mark.slow
def test_a_benchmark_is_shown_and_written(run, home):
    small = ("--seconds", 0.2, "--workers", 1, "--envs-per-worker", 2)
    said = run(home, "benchmark", "--game", "pong", *small)
    assert (said.returncode, said.stderr) == (0, "")
    lines = said.stdout.splitlines()
    assert [line[:7] for line in lines[:7]] == [f"{number} of 7," for number in range(1, 8)]
    assert "Pong, e-a3c on tensorflow, workers 1, environments of each 2, 0.2 s each" in said.stdout
    assert lines[-1] == "Written: benchmark-training.json"
    found = json.loads((home / "benchmark-training.json").read_text())
    assert (found["settings"]["seconds"], found["machine"]["onednn"]) == (0.2, "1")
    assert len(found["measurements"]) == 7
    # Nothing but the emulator is loaded where the emulator is measured.
    peaks = {name: measurement["peak_bytes"] for name, measurement in found["measurements"].items()}
    assert peaks["emulator"] < 250e6 < peaks["acting"]


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


def test_streams_that_are_closed_do_not_matter(home):
    command = f"{shlex.quote(sys.executable)} {shlex.quote(str(ROOT / 'cli.py'))}"
    for line, code in (
        (f"{command} games 2>&-", 0),
        (f"{command} games >&- 2>&-", 0),
        (f"{command} train Qbrt 2>&-", 1),
    ):
        assert subprocess.run(line, shell=True, cwd=home, stdout=subprocess.DEVNULL).returncode == code, line


@pytest.mark.parametrize("name", ["games", "plot"])
def test_a_command_that_needs_no_network_does_not_wait_for_tensorflow(trained, name):
    code = f"import sys, cli; sys.argv = ['cli.py', '{name}']\ntry: cli.main()\n"
    code += "except SystemExit as ended: assert not ended.code\n"
    code += "assert not {'tensorflow', 'keras'} & set(sys.modules)"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", code], check=True, cwd=trained, env=environment, capture_output=True)
