"""Reports as files: what is in them, how large they are, and what bad input does to them."""

import dataclasses
import json
import re

import numpy as np
import pytest

from xdrl.agents import Agent, Explanation
from xdrl.errors import UserError
from xdrl.evaluation import record_episode
from xdrl.games import Protocol
from xdrl.report import build_report
from xdrl.report.maps import targets_of


def read_data(path) -> dict:
    return json.loads(re.search(r'id="data">(.*?)</script>', path.read_text())[1])


def test_a_report_reaches_for_nothing(built):
    text = built.path.read_text()
    assert "connect-src 'none'" in text and "default-src 'none'" in text
    addresses = set(re.findall(r"https?://[^\"'\s<)]+", text))
    assert addresses == {"http://www.w3.org/2000/svg"}, "the name of SVG's namespace, which nobody fetches"
    assert not re.search(r"<(link|img|iframe)\b(?![^>]*data:)", text) and not re.search(r"<script[^>]*src=", text)


def test_a_report_has_every_target_every_step_and_how_it_was_made(agent, built):
    data = read_data(built.path)
    assert [each["target"] for each in data["maps"]] == targets_of(agent.action_names)
    assert len(data["series"]["action"]) == data["screens"]["count"] == len(built.recording.actions)
    assert ["Command", "python cli.py explain"] in data["made"]
    assert dict(data["made"])["Game"].endswith("the game was cut there")
    assert data["truth"][0]["claim"] == "Points at <objects>"
    assert built.lines == data["warnings"] + data["left_out"]


def test_a_thousand_steps_stay_far_below_15_megabytes(built):
    assert built.path.stat().st_size * 1000 / len(built.recording.actions) < 7e6


def test_a_game_of_one_step_and_no_claims(agent, tmp_path):
    first = record_episode(agent, Protocol(), 1, is_greedy=True, seed=0)
    build_report(agent, first, np.zeros(1, bool), tmp_path / "one.html")
    data = read_data(tmp_path / "one.html")
    assert data["screens"]["count"] == 1 and [moment["step"] for moment in data["moments"]] == [0]
    assert data["truth"] is None and data["truth_command"] == "python cli.py trust Pong"


def test_bad_claims_and_targets_are_refused_before_anything_is_written(agent, recording, built, tmp_path):
    with pytest.raises(UserError, match="expected a list of claims"):
        build_report(agent, recording, built.flips, tmp_path / "report.html", claims="none")
    with pytest.raises(UserError, match="expected a target"):
        build_report(agent, recording, built.flips, tmp_path / "report.html", target="everything")
    assert list(tmp_path.iterdir()) == []


def test_an_agent_whose_maps_are_blank_has_its_warning(agent, recording, built, tmp_path):
    class Blank(Agent):
        """The agent, with maps in which nothing speaks for anything."""

        def explain(self, screens, *_):
            count = len(screens)
            blank = np.zeros((count, 8, 8), np.float32)
            return Explanation(blank, np.zeros(count), ["all_negative"] * count, agent.network.heatmap_box)

    lines = build_report(
        Blank(agent.network, agent.game, agent.provenance), recording, built.flips, tmp_path / "blank.html"
    )
    assert "100% of the maps of chosen by grad-cam are blank" in " ".join(lines)
    assert read_data(tmp_path / "blank.html")["warnings"] == lines


def test_an_agent_that_has_diverged_is_refused(agent, recording, built, tmp_path):
    values = recording.values.copy()
    values[3] = np.nan
    with pytest.raises(UserError, match="expected an agent that answers in finite numbers"):
        build_report(agent, dataclasses.replace(recording, values=values), built.flips, tmp_path / "report.html")


def test_what_was_there_stays_when_the_disk_is_full(agent, recording, built, tmp_path, file_size_limit):
    path = tmp_path / "report.html"
    path.write_text("before")
    with file_size_limit(10_000), pytest.raises(UserError, match=r"report\.html cannot be written"):
        build_report(agent, recording, built.flips, path)
    assert path.read_text() == "before" and list(tmp_path.iterdir()) == [path]
