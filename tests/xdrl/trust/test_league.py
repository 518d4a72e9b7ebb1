"""A league's verdicts, words, table and picture, from figures that are made up."""

import io
import json
import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from matplotlib.text import Text
from PIL import Image
from rich.console import Console
from scipy import stats

from xdrl.errors import UserError
from xdrl.trust.baselines import ALL_OBJECTS, HARD, MOTION, TIME_MEAN, UNTRAINED
from xdrl.trust.frames import Effects
from xdrl.trust.intervals import chance_of_luck, correct_for_number
from xdrl.trust.known import ACTION, OBJECTS, POLICY, check_known, choose_best, find_holding, read_question
from xdrl.trust.league import FIRST_SEED
from xdrl.trust.league_claims import make_rows
from xdrl.trust.league_figure import draw_league, save_league
from xdrl.trust.league_records import COLUMNS, League
from xdrl.trust.league_view import league_view
from xdrl.trust.occlusion import Occlusions, agreement
from xdrl.trust.records import Key, Played, Settings, Subject
from xdrl.trust.trial import Reading

NOISE = (0.02, -0.03, 0.01, 0.0, -0.01)
"""From game to game."""


def make_readings(own: Mapping[str, float], rivals: Mapping[str, float], milliseconds: float = 1) -> list[Reading]:
    """Five games in which a method has figures by test, and its rivals have, by their name, in all tests."""
    found = []
    for index, noise in enumerate(NOISE):
        figures = {}
        for name, column in COLUMNS.items():
            figures[column.key] = own.get(name, column.chance) + noise
            for source in HARD:
                key = Key(column.key.test, column.key.quantity, column.key.subject, source)
                figures[key] = column.chance + rivals.get(source, -0.5) + 0.5 * noise
        found.append(Reading(figures, milliseconds + index))
    return found


@pytest.fixture(scope="module")
def league() -> League:
    readings = {
        "true": make_readings({POLICY: 0.75, OBJECTS: 0.28}, {MOTION: 0.4}),
        "other": make_readings({POLICY: 0.55, OBJECTS: 0.2}, {MOTION: 0.4}),
        "false": make_readings({POLICY: 0.45}, {MOTION: 0.44}),
    }
    played = tuple(Played(FIRST_SEED + number, 400, 1.0, True, 3.0) for number in range(5))
    settings = Settings(tuple(readings), 5, 400, FIRST_SEED, 10)
    return League(Subject("Pong", "here", 7, "a3c"), settings, played, make_rows(readings), 1.5, "a machine", {}, 3.0)


def test_the_chance_of_luck_is_scipys():
    values, others = [0.5, 0.7, 0.4, 0.9], [0.3, 0.6, 0.5, 0.2]
    expected = stats.ttest_rel(values, others, alternative="greater").pvalue
    assert chance_of_luck(values, others) == pytest.approx(expected)
    assert chance_of_luck([1, 1], [0, 0]) == 0
    assert chance_of_luck([1, 1], [1, 1]) == 1
    assert math.isnan(chance_of_luck([1], [0]))


def test_many_claims_are_corrected_by_hand():
    # Sorted: 0.01 x 4 / 1, 0.02 x 4 / 2, 0.03 x 4 / 3, 0.5; each no larger than the next one.
    corrected = correct_for_number([0.02, 0.5, math.nan, 0.01, 0.03])
    assert corrected[:2] == pytest.approx([0.04, 0.5])
    assert corrected[3:] == pytest.approx([0.04, 0.04])
    assert math.isnan(corrected[2])
    assert all(math.isnan(value) for value in correct_for_number([math.nan]))


def test_a_method_holds_only_above_every_rival(league: League):
    first, second, third = (row.cells[POLICY] for row in league.rows)
    assert first.holds and second.holds and not third.holds
    assert first.against == MOTION and first.rivals[MOTION].mean == pytest.approx(0.4, abs=0.01)
    assert third.interval.mean > third.rivals[MOTION].mean, "it is above, and by so little that luck may do it"
    assert set(first.rivals) == {"chance", UNTRAINED, TIME_MEAN, MOTION, ALL_OBJECTS}
    assert set(league.rows[0].cells[OBJECTS].rivals) == {"chance", UNTRAINED, TIME_MEAN}
    assert league.rows[0].milliseconds == 3


def test_a_game_without_a_figure_and_a_league_of_one_game_show_nothing():
    readings = make_readings({POLICY: 0.9}, {})
    (row,) = make_rows({"one": readings[:1]})
    assert not any(cell.holds for cell in row.cells.values())
    lacking = [Reading({key: v for key, v in each.figures.items() if key.source != MOTION}, 1) for each in readings]
    (row,) = make_rows({"one": lacking})
    assert not row.cells[POLICY].holds and row.cells[POLICY].against == MOTION


def test_what_was_found_in_words(league: League):
    question = "for “what does the policy need here?” true and other hold"
    assert league.summary == f"On Pong, {question}; for “what speaks for this action?” nothing holds."
    words = league.known["words"]
    assert words["true"] == (
        "On this agent true points at moving objects, 0.28 above chance and marks what the policy needs, rank "
        "correlation 0.75; it is not shown to mark what speaks for the action (5 games)."
    )
    assert words["false"].startswith("On this agent false is not shown to point at moving objects, to mark what the")


def test_the_best_method_is_the_one_that_holds(league: League):
    known = check_known(json.loads(json.dumps(league.known)))
    assert find_holding(known, POLICY) == ["true", "other"]
    method, why = choose_best(known, POLICY, "grad-cam", "trust Pong")
    assert method == "true"
    assert "rank correlation 0.75, and a map of what moves reaches 0.40; so does other" in why
    method, why = choose_best(known, ACTION, "grad-cam", "trust Pong")
    assert (method, "no method is shown to answer" in why) == ("grad-cam", True)
    method, why = choose_best({}, ACTION, "grad-cam", "trust Pong")
    assert (method, "`trust Pong` finds out" in why) == ("grad-cam", True)


def test_which_question_is_asked():
    assert read_question("best", "chosen") == ACTION
    assert read_question("best:policy", "chosen") == POLICY
    with pytest.raises(UserError, match="expected best, best:policy, best:action, got 'best:tea'"):
        read_question("best:tea", "chosen")
    with pytest.raises(UserError, match="expected the target chosen"):
        read_question("best", "value")
    with pytest.raises(UserError, match="expected what a league of methods left"):
        check_known({"methods": {"grad-cam": 1}})
    assert check_known(None) == {}


def test_the_table_fits_80_columns(league: League):
    console = Console(width=80, record=True, file=io.StringIO())
    console.print(league_view(league))
    text = console.export_text()
    assert max(map(len, text.splitlines())) <= 80
    assert text.startswith("On Pong, for “what does the policy need here?” true and other hold")
    assert "0.75*" in text and "0.45*" not in text and "Benjamini-Hochberg" in text
    assert "50 screens" in text


def test_the_figure_is_drawn(tmp_path: Path, league: League):
    save_league(tmp_path / "league.png", league)
    words = " ".join(text.get_text() for text in draw_league(league).findobj(Text)).replace("\n", " ")
    assert league.summary in words and "true" in words
    with Image.open(tmp_path / "league.png") as picture:
        assert picture.size[0] == 1800
        assert (np.asarray(picture.convert("RGB")) == (0xD5, 0x5E, 0x00)).all(-1).sum() > 200  # the methods' marks


def test_where_no_object_counts_more_there_is_no_order():
    effects = np.array([0.5, 0.1, 0.0, 1e-9])
    occlusions = Occlusions(np.array([0, 0, 1, 1]), np.eye(4, dtype=int)[:, :4], Effects(effects, effects, effects))
    found = agreement(occlusions, np.array([[2.0, 1, 0, 0], [0, 0, 2, 1]]), np.ones(4))
    assert found.policy.tolist() == pytest.approx([1])
