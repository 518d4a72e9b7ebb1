"""Which exported agents there are, from their folders alone."""

from pathlib import Path

import pytest

from xdrl.errors import UserError
from xdrl.storage.saved_models import (
    AGENT_JSON,
    highest_version,
    read_agent_json,
    shipped_agents,
    shipped_folder,
)

ROOT = Path(__file__).parents[3]


def make_version(folder: Path, text: str | None = '{"training": {"agent_steps": 5}}') -> Path:
    folder.mkdir(parents=True)
    (folder / "saved_model.pb").touch()
    if text is not None:
        (folder / AGENT_JSON).parent.mkdir()
        (folder / AGENT_JSON).write_text(text)
    return folder


def test_versions_are_compared_as_numbers(tmp_path):
    for name in ("2", "10", "9"):
        make_version(tmp_path / name)
    assert highest_version(tmp_path) == tmp_path / "10"


def test_folders_that_are_no_version_are_passed_over(tmp_path):
    make_version(tmp_path / "1")
    make_version(tmp_path / ".2.4711")
    make_version(tmp_path / "backup")
    (tmp_path / "3").mkdir()
    assert highest_version(tmp_path) == tmp_path / "1"


def test_a_folder_without_versions_has_no_highest(tmp_path):
    assert highest_version(tmp_path) is None
    assert highest_version(tmp_path / "missing") is None


def test_shipped_agents_are_the_highest_versions_that_say_what_they_are(tmp_path):
    make_version(tmp_path / "Pong" / "1")
    newest = make_version(tmp_path / "Pong" / "2")
    make_version(tmp_path / "Stranger" / "1", text=None)
    (tmp_path / "Empty").mkdir()
    (tmp_path / "notes.txt").touch()
    assert shipped_agents(tmp_path) == {"Pong": newest}
    assert shipped_agents(tmp_path / "missing") == {}


def test_agents_that_come_with_the_code_are_found_wherever_one_stands(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shipped = shipped_agents(ROOT / "saved_models")
    assert {"Pong", "Qbert"} <= shipped.keys() and shipped_agents() == shipped
    mine = make_version(tmp_path / "saved_models" / "Pong" / "1").relative_to(tmp_path)
    other = make_version(tmp_path / "saved_models" / "Breakout" / "1").relative_to(tmp_path)
    assert shipped_agents() == shipped | {"Pong": mine, "Breakout": other}
    assert list(shipped_agents()) == sorted(shipped_agents())


def test_a_package_brings_its_agents_within_itself(tmp_path, monkeypatch):
    assert shipped_folder() == ROOT / "saved_models"
    monkeypatch.setattr("xdrl.storage.saved_models._PACKAGE", tmp_path / "xdrl")
    assert shipped_folder() == tmp_path / "saved_models"
    (tmp_path / "xdrl" / "saved_models").mkdir(parents=True)
    assert shipped_folder() == tmp_path / "xdrl" / "saved_models"


def test_what_an_export_says_of_itself_is_read(tmp_path):
    assert read_agent_json(make_version(tmp_path / "1"))["training"] == {"agent_steps": 5}


@pytest.mark.parametrize("text", ["", "{", "[]", "3", "{}", '{"game": "Pong"}', "\x00"])
def test_an_export_that_says_nonsense_of_itself_is_refused(tmp_path, text):
    with pytest.raises(UserError, match=r"expected an exported agent in .*agent.json cannot be read"):
        read_agent_json(make_version(tmp_path / "1", text))


def test_an_export_that_says_nothing_of_itself_is_refused(tmp_path):
    with pytest.raises(UserError, match="expected an exported agent"):
        read_agent_json(make_version(tmp_path / "1", text=None))
