"""Intervals, likeness of maps, and verdicts."""

import math

import numpy as np
import pytest
from scipy import stats

from xdrl.trust.baselines import MOTION, TIME_MEAN, UNTRAINED
from xdrl.trust.claims import compare, judge, judge_all, make_claims, say_interval
from xdrl.trust.intervals import Interval, mean_interval, paired_interval, unpaired_interval
from xdrl.trust.records import NOT_SHOWN, ONE_EPISODE, RANDOMISATION, Figure, Key
from xdrl.trust.similarity import correlations, rank_correlations, structural_similarity
from xdrl.trust.summary import NO, YES

A, B = [0.31, 0.27, 0.35, 0.29, 0.33], [0.08, 0.12, 0.02, 0.09, 0.30]


def make_figure(key: Key, *values: float) -> Figure:
    return Figure(key, values, mean_interval(values))


def test_an_interval_by_hand():
    found = mean_interval([1.0, 2.0, 3.0])
    margin = 4.302653 / math.sqrt(3)  # t of two degrees of freedom; the deviation is 1
    assert found == pytest.approx((2, 2 - margin, 2 + margin, 3), rel=1e-6)


def test_intervals_are_scipys():
    low, high = stats.ttest_rel(A, B).confidence_interval()
    assert paired_interval(A, B)[1:3] == pytest.approx((low, high))
    low, high = stats.ttest_ind(A, B[:4], equal_var=False).confidence_interval()
    assert unpaired_interval(A, B[:4])[1:3] == pytest.approx((low, high))


def test_one_episode_has_no_interval_and_a_missing_one_is_left_out():
    assert not mean_interval([0.4]).is_known
    assert mean_interval([0.4]).mean == 0.4
    assert mean_interval([1, math.nan, 3, 2]) == mean_interval([1, 3, 2])
    assert mean_interval([math.nan]).episodes == 0
    assert not unpaired_interval([1], [2, 3]).is_known
    assert paired_interval([1, 2, math.nan], [0, 0, 0]).episodes == 2
    assert unpaired_interval([1, 1], [1, 1])[:3] == (0, 0, 0)


@pytest.mark.parametrize(
    ("difference", "verdict"),
    [
        (Interval(0.2, 0.1, 0.3, 5), YES),
        (Interval(0.2, -0.1, 0.5, 5), NOT_SHOWN),
        (Interval(-0.2, -0.3, -0.1, 5), NO),
        (Interval(0.2, math.nan, math.nan, 1), ONE_EPISODE),
    ],
)
def test_verdicts(difference: Interval, verdict: str):
    assert judge(difference) == verdict


def test_a_claim_is_as_good_as_its_worst_comparison():
    assert judge_all([YES, YES]) == YES
    assert judge_all([YES, NOT_SHOWN]) == NOT_SHOWN
    assert judge_all([YES, NO, NOT_SHOWN]) == NO
    assert judge_all([]) not in (YES, NO)


def test_a_verdict_in_words():
    own = make_figure(Key("objects", "hit - chance", "all"), *A)
    found = compare("points at moving objects", own, B, "better than an untrained network's map")
    assert found.words == (
        "points at moving objects better than an untrained network's map: yes, 0.31 [0.27, 0.35] against 0.12"
    )
    assert say_interval(own.interval) == "0.31 [0.27, 0.35]"
    assert say_interval(mean_interval([0.5])) == "0.50"


def test_a_claim_must_beat_the_mean_map_and_the_untrained_network():
    key = Key("objects", "hit - chance", "all")
    against = {source: Key(key.test, key.quantity, key.subject, source) for source in (UNTRAINED, TIME_MEAN)}
    own, weak = make_figure(key, *A), [0.01, 0.0, 0.02, 0.01, 0.0]

    def verdict(untrained: list[float], mean: list[float]) -> str:
        figures = own, make_figure(against[UNTRAINED], *untrained), make_figure(against[TIME_MEAN], *mean)
        (claim,) = make_claims(figures, "convolution_1")
        assert [item.other.mean for item in claim.comparisons] == [0, np.mean(untrained), np.mean(mean)]
        return claim.verdict

    assert verdict(weak, weak) == YES
    assert verdict(weak, A) == NOT_SHOWN
    assert verdict([0.9, 0.8, 0.9, 0.8, 0.9], weak) == NO


def test_a_baseline_that_does_not_decide_may_win_and_is_said_to():
    key = Key("objects", "hit - chance", "all")
    moving = Key(key.test, key.quantity, key.subject, MOTION)
    (claim,) = make_claims([make_figure(key, *A), make_figure(moving, 0.9, 0.8, 0.9, 0.8, 0.9)], "")
    assert claim.verdict == YES
    assert [(item.verdict, item.decides) for item in claim.comparisons] == [(YES, True), (NO, False)]


def test_what_beats_its_baselines_but_not_chance_is_not_shown():
    key = Key("object occlusion", "policy")
    figures = [make_figure(key, 0.1, -0.05, 0.02)]
    figures += [make_figure(Key(key.test, "policy", "", source), -0.5, -0.6, -0.4) for source in (UNTRAINED, TIME_MEAN)]
    (claim,) = make_claims(figures, "")
    assert [item.verdict for item in claim.comparisons] == [NOT_SHOWN, YES, YES]
    assert claim.verdict == NOT_SHOWN


def test_less_is_better_of_insertion_and_of_likeness():
    key = Key("deletion and insertion", "insertion, policy", "blur")
    figures = [
        make_figure(key, 0.5, 0.6, 0.55),
        *(make_figure(Key(key.test, key.quantity, "blur", source), 1, 1.1, 0.9) for source in (UNTRAINED, TIME_MEAN)),
        make_figure(Key(RANDOMISATION, "rank correlation", "convolution_1"), 0.1, 0.2, 0.1),
    ]
    assert [claim.verdict for claim in make_claims(figures, "convolution_1")] == [YES, YES]
    figures[-1] = make_figure(figures[-1].key, 0.9, 1.0, 0.95)
    assert [claim.verdict for claim in make_claims(figures, "convolution_1")] == [YES, NO]


def test_kinds_are_held_against_each_other():
    ratios = {"player": (5.0, 5.2, 5.1), "shot": (2.0, 2.1, 2.2), "enemy": (1.0, 2.0, 4.5)}
    figures = [make_figure(Key("objects", "mass ratio", kind), *values) for kind, values in ratios.items()]
    claims = make_claims(figures, "")
    assert {claim.sentence: claim.verdict for claim in claims} == {
        "lies on objects of the kind player": YES,
        "lies on objects of the kind enemy": NOT_SHOWN,
        "lies on objects of the kind shot": YES,
        "marks the kind player more than the kind enemy": NOT_SHOWN,
        "marks the kind player more than the kind shot": YES,
        "marks the kind enemy more than the kind shot": NOT_SHOWN,
    }


def test_correlations_are_scipys_and_constant_rows_are_alike_to_nothing():
    generator = np.random.default_rng(0)
    first, second = generator.random((4, 30)), generator.random((4, 30)).round(1)
    for row in range(4):
        assert correlations(first, second)[row] == pytest.approx(stats.pearsonr(first[row], second[row])[0])
        assert rank_correlations(first, second)[row] == pytest.approx(stats.spearmanr(first[row], second[row])[0])
    assert rank_correlations(np.ones((1, 5)), first[:1, :5]).tolist() == [0]


def test_structural_similarity():
    first = np.random.default_rng(0).random((3, 10, 10))
    np.testing.assert_allclose(structural_similarity(first, 7 * first), 1)
    assert (structural_similarity(first, first[:, ::-1]) < 0.7).all()
    assert structural_similarity(first, np.zeros_like(first)).max() < 0.1
    near = structural_similarity(first, first + 0.05 * np.random.default_rng(1).random(first.shape))
    assert (near > 0.9).all()
