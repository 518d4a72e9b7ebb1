import dataclasses
import re
from pathlib import Path

from xdrl.storage import histories
from xdrl.storage.histories import add_call, describe_call, read_history, write_history


def test_a_call_says_what_made_an_agent():
    call = describe_call(["train", "Pong", "--set", "learning_rate=0:1e-3,1:0", "--run-dir", "my runs"], 40)
    assert call.command == "python cli.py train Pong --set learning_rate=0:1e-3,1:0 --run-dir 'my runs'"
    assert call.agent_steps == 40
    assert re.fullmatch(r"([0-9a-f]{7,40}(-dirty)?)?", call.commit)
    assert "cores" in call.machine and "keras" in call.versions


def test_code_outside_of_a_repository_has_no_commit(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(histories, "_ROOT", tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert describe_call(["train", "Pong"], 0).commit == ""


def test_the_same_call_again_adds_nothing_and_another_one_does():
    first = describe_call(["train", "Pong"], 0)
    again = dataclasses.replace(first, agent_steps=100, date="2030-01-01")
    other = dataclasses.replace(again, command="python cli.py train Pong --minutes 3")
    assert add_call((), first) == (first,)
    assert add_call((first,), again) == (first,)
    assert add_call((first,), other) == (first, other)
    assert add_call((first, other), again) == (first, other, again)


def test_a_package_has_no_commit_whatever_repository_it_lies_in(monkeypatch):
    assert describe_call([], 0).commit
    monkeypatch.setattr("xdrl.storage.histories.is_clone", lambda: False)
    assert describe_call([], 0).commit == ""


def test_a_history_survives_its_file_and_a_damaged_one_is_empty(tmp_path: Path):
    history = (describe_call(["train", "Pong"], 0),)
    write_history(tmp_path, history)
    assert read_history(tmp_path) == history
    for text in ("{", '[{"command": 3}]', "3"):
        (tmp_path / "history.json").write_text(text)
        assert read_history(tmp_path) == ()
    assert read_history(tmp_path / "none") == ()
