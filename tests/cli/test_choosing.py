"""Which agent a command takes, said before it starts; and an export that hides no better agent."""

import json
import re

import pytest

from xdrl.storage.saved_models import AGENT_JSON

EVALUATED = "evaluated under sticky alone"
"""What is said of the agent once a first session has played it: the standard protocol decides which one is taken."""


def test_a_command_says_first_which_agent_it_takes(done):
    assert done["evaluate"].stdout.startswith("Pong: runs/Pong, 120 agent steps, not evaluated\n")
    for name in ("explain", "export"):
        assert done[name].stdout.startswith(f"Pong: runs/Pong, 120 agent steps, {EVALUATED}\n"), done[name].stdout
    assert done["figures"].stdout.startswith(f"Pong: exported_models/Pong/1, 120 agent steps, {EVALUATED}\n")


def test_an_export_says_that_a_better_agent_is_taken_before_it(done):
    line = r"Commands go on to take \S+/saved_models/Pong/\d+, [\d,]+ agent steps, mean score [\d.]+ of 100 games; "
    assert re.search(line + r"--agent exported_models/Pong/1 takes this one\.", " ".join(done["export"].stdout.split()))


def test_a_minute_of_training_is_not_taken_for_the_shipped_agent(home, done, monkeypatch, capsys):
    from xdrl.agent_folders import find_agent_folder
    from xdrl.commands.loading import say_agent

    monkeypatch.chdir(home)
    say_agent(find_agent_folder("Pong"))
    first, *others = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"Pong: \S+/saved_models/Pong/\d+, [\d,]+ agent steps, mean score [\d.]+ of 100 games", first)
    assert others == [
        f"  not taken: runs/Pong, 120 agent steps, {EVALUATED}; --agent takes it",
        f"  not taken: exported_models/Pong/1, 120 agent steps, {EVALUATED}; --agent takes it",
    ]


def test_a_server_says_first_which_agents_it_takes(home, done, monkeypatch, capsys):
    from xdrl.commands.serve import say_models

    monkeypatch.chdir(home)
    say_models()
    said = capsys.readouterr().out
    assert re.search(
        r"^Pong: \S+/saved_models/Pong/\d+, [\d,]+ agent steps, mean score [\d.]+ of 100 games$", said, re.M
    )
    not_taken = f"  not taken: exported_models/Pong/1, 120 agent steps, {EVALUATED}"
    assert f"{not_taken}; --models exported_models takes it" in said
    assert re.search(r"^Qbert: \S+/saved_models/Qbert/\d+, ", said, re.M)


@pytest.mark.parametrize("mean", [-20.0, None])
def test_an_export_that_would_hide_a_better_agent_is_refused(fails, done, home, mean):
    file = home / "exported_models/Pong/1" / AGENT_JSON
    kept = file.read_text()
    record = {"protocol": "standard", "mean": 20.5, "num_episodes": 100}
    file.write_text(json.dumps(json.loads(kept) | {"evaluations": {"standard": record}}))
    evaluations = home / "runs/Pong/evaluations.json"
    own = evaluations.read_text()
    try:
        if mean is not None:
            evaluations.write_text(json.dumps({"standard": record | {"mean": mean, "agent_steps": 120}}))
        line = fails("export", "Pong")
    finally:
        file.write_text(kept)
        evaluations.write_text(own)
    stands = EVALUATED if mean is None else "mean score -20.00 of 100 games"
    assert f"got runs/Pong, 120 agent steps, {stands}; " in line
    assert "as good as exported_models/Pong/1, 120 agent steps, mean score 20.50 of 100 games" in line
    assert "--promote puts it into saved_models all the same" in line
    assert sorted(path.name for path in (home / "exported_models/Pong").iterdir()) == ["1"]


@pytest.mark.slow
def test_what_is_promoted_goes_to_the_shipped_agents_whatever_stands_there(run, home, done, tmp_path):
    said = run(tmp_path, "export", "Pong", "--run-dir", home / "runs/Pong", "--promote")
    assert (said.returncode, said.stderr) == (0, "")
    assert "Written: saved_models/Pong/1" in said.stdout and (tmp_path / "saved_models/Pong/1").is_dir()
