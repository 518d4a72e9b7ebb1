"""The tables of the page on which method to ask, and what is known of an agent's methods, wherever it is kept."""

import json
from pathlib import Path

import pytest

from xdrl import league_page
from xdrl.agents import Agent
from xdrl.cards import Card
from xdrl.errors import UserError
from xdrl.league_page import league_tables
from xdrl.report.contents import describe_page
from xdrl.report.known import LEAGUE_RECORD, fields_of_card, find_known, say_known
from xdrl.storage.saved_models import AGENT_JSON, update_agent_json
from xdrl.trust.baselines import BASELINES, HARD, TIME_MEAN

TESTS = ("policy", "action", "deletion, policy", "deletion, action", "objects")
PONG = Path("saved_models") / "Pong" / "3"


def make_test(figure: float | None, holds: bool) -> dict:
    interval = None if figure is None else [figure - 0.1, figure + 0.1]
    return {
        "figure": figure,
        "interval": interval,
        "holds": holds,
        "corrected": 0.01,
        "against": BASELINES[TIME_MEAN],
        "rival": 0.2,
    }


def make_known(episodes: int = 9) -> dict:
    tests = {name: make_test(0.5, name == "policy") for name in TESTS}
    blur = {"milliseconds": 210.04, "tests": tests}
    cam = {"milliseconds": 2.06, "tests": {name: make_test(None, False) for name in TESTS}}
    return {
        "game": "Pong",
        "agent_steps": 40,
        "episodes": episodes,
        "screens": 108,
        "first_seed": 7,
        "false_discoveries": 0.05,
        "machine": "a machine",
        "playing_milliseconds": 1.25,
        "methods": {"blur": blur, "grad-cam": cam},
        "words": {"blur": "On this agent blur marks.", "grad-cam": "On this agent grad-cam is not shown."},
    }


def test_the_tables_say_what_holds_and_what_is_not_tested():
    text = league_tables([Card(PONG, {"game": "Pong", "league": make_known()}), Card(PONG, {"game": "Qbert"})])
    assert "| Pong/3 | 9 | blur | nothing holds |" in text
    assert "| Qbert/3 | - | not tested | not tested |" in text
    assert text.count("### ") == 1 and "On Pong, for “what does the policy need here?” blur holds" in text
    (row,) = (line for line in text.splitlines() if line.startswith("| blur"))
    assert row.startswith("| blur | **0.50**<br>[0.40, 0.60] | 0.50<br>[0.40, 0.60]<br>mean map 0.20 |")
    assert row.endswith("| 210.0 |")
    assert "| grad-cam | - | - | - | - | - | 2.1 |" in text


def test_every_rival_has_a_short_name():
    assert {BASELINES[name] for name in HARD} <= set(league_page._SHORT)


def test_an_agent_knows_of_the_league_over_more_games(agent: Agent, tmp_path: Path):
    assert find_known(agent, tmp_path) == {}
    path = tmp_path / "Pong" / LEAGUE_RECORD
    path.parent.mkdir()
    path.write_text(json.dumps({"known": make_known()}))
    assert find_known(agent, tmp_path)["episodes"] == 9
    path.write_text(json.dumps({"known": make_known() | {"agent_steps": 41}}))
    assert find_known(agent, tmp_path) == {}, "other weights"
    path.write_text("[]")
    with pytest.raises(UserError, match="expected what a league left in "):
        find_known(agent, tmp_path)


def test_what_is_known_is_said_a_line_each_and_how_to_find_out_the_rest():
    lines = say_known(make_known(), ["blur", "sarfa", "saliency"], "trust Pong")
    assert lines[0] == "On this agent blur marks."
    assert lines[1:] == [
        "How sarfa, saliency compare with other methods on this agent is not known: `trust Pong` tests it."
    ]
    assert say_known({}, ["blur"], "c") == [
        "How blur compares with other methods on this agent is not known: `c` tests it."
    ]


def test_every_page_of_an_agent_has_the_words(agent: Agent):
    page = describe_page(agent)
    assert page["known"] == {} and page["known_command"].endswith("trust Pong --methods all")


def test_what_was_found_is_kept_in_an_export_and_nothing_else_changes(tmp_path: Path):
    (tmp_path / AGENT_JSON).parent.mkdir()
    before = {"game": "Pong", "training": {"agent_steps": 40}, "claims": []}
    (tmp_path / AGENT_JSON).write_text(json.dumps(before))
    update_agent_json(tmp_path, **fields_of_card(make_known(), "Pong"))
    after = json.loads((tmp_path / AGENT_JSON).read_text())
    assert after == before | {"league": make_known(), "heatmap_note": "On this agent grad-cam is not shown."}
    assert "trust Pong --methods all --keep` tests it" in fields_of_card({}, "Pong")["heatmap_note"]
    with pytest.raises(UserError, match="expected an exported agent"):
        update_agent_json(tmp_path / "nowhere", league={})
