"""Claims from a file: what is taken, and what is refused."""

import pytest

from xdrl.errors import UserError
from xdrl.report.claims import claims_of_trust, read_claims

GOOD = {"claim": "It holds", "verdict": "yes", "figure": 1, "interval": [0, 2]}
RIVAL = {"against": "better than chance", "figure": 0.5, "verdict": "no", "decides": True}


def test_claims_are_taken_as_they_are_and_other_fields_passed_over():
    (claim,) = read_claims([GOOD | {"rivals": [RIVAL | {"words": "all of it"}], "episodes": 5}])
    assert claim == GOOD | {"interval": (0, 2), "rivals": (RIVAL,), "note": ""}


def test_figure_interval_and_rivals_may_be_missing():
    (claim,) = read_claims([{"claim": "It holds", "verdict": "not shown"}])
    assert (claim["figure"], claim["interval"], claim["rivals"]) == (None, None, ())


def test_baselines_without_a_verdict_are_not_said_to_be_beaten():
    (claim,) = read_claims([GOOD | {"baselines": {"better than a map of what moves": 0.8, "than the enemy": 3}}])
    moves, enemy = claim["rivals"]
    assert moves == {"against": "a map of what moves", "figure": 0.8, "verdict": None, "decides": False}
    assert enemy == {"against": "than the enemy", "figure": 3.0, "verdict": None, "decides": True}


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"claims": []}, "expected a list of claims, got dict"),
        (["text"], "expected claim 1 to have claim, verdict"),
        ([GOOD, {"verdict": "yes"}], "expected claim 2 to have claim, verdict"),
        ([GOOD | {"verdict": "perhaps"}], "verdicts of yes, no, not shown, got 'perhaps'"),
        ([GOOD | {"verdict": ["yes"]}], "verdicts of yes, no, not shown"),
        ([GOOD | {"rivals": [RIVAL | {"verdict": "perhaps"}]}], "verdicts of yes, no, not shown, got 'perhaps'"),
        ([GOOD | {"rivals": [RIVAL | {"figure": float("inf")}]}], "finite figures"),
        ([GOOD | {"rivals": [{"figure": 1}]}], "expected claim 1 to have claim, verdict"),
        ([GOOD | {"figure": float("nan")}], "finite figures"),
        ([GOOD | {"interval": [0]}], "expected claim 1 to have claim, verdict"),
        ([GOOD | {"baselines": [1]}], "expected claim 1 to have claim, verdict"),
    ],
)
def test_what_are_no_claims_is_refused(values: object, message: str):
    with pytest.raises(UserError, match=message):
        read_claims(values)


def found(mean: float | None, low: float | None = None, high: float | None = None) -> dict:
    return {"mean": mean, "low": low, "high": high, "episodes": 5}


def test_what_the_truth_tests_wrote_becomes_claims():
    comparisons = [
        {"against": "better than chance", "other": found(0.08), "verdict": "yes", "decides": True},
        {"against": "better than a map of what moves", "other": found(0.82), "verdict": "no"},
        {"against": "better than a guess", "other": found(None), "verdict": "no figure"},
    ]
    claims = [
        {"sentence": "points at objects", "own": found(0.31, 0.27, 0.35), "comparisons": comparisons, "verdict": "yes"},
        {"sentence": "is calm", "own": found(0.5), "comparisons": [], "verdict": "one episode has no interval"},
    ]
    first, second = read_claims(claims_of_trust({"methods": [{"method": "grad-cam", "claims": claims}]}))
    assert first["claim"] == "grad-cam: points at objects" and first["verdict"] == "yes"
    assert first["interval"] == (0.27, 0.35)
    assert [(each["against"], each["figure"], each["verdict"], each["decides"]) for each in first["rivals"]] == [
        ("better than chance", 0.08, "yes", True),
        ("better than a map of what moves", 0.82, "no", False),
        ("better than a guess", None, "not shown", True),
    ]
    assert second["verdict"] == "not shown" and second["note"] == "one episode has no interval"
    assert second["interval"] is None and second["figure"] == 0.5


@pytest.mark.parametrize("record", [None, [], {}, {"methods": [{"method": "grad-cam"}]}, {"methods": ["grad-cam"]}])
def test_what_no_truth_test_wrote_is_refused(record: object):
    with pytest.raises(UserError, match="expected what truth tests wrote"):
        claims_of_trust(record)
