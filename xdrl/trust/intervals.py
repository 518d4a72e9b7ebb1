"""Means over episodes and their confidence intervals, by the t-distribution."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import stats

CONFIDENCE = 0.95
FALSE_DISCOVERIES = 0.05
"""Share of the claims that are said to hold, and do not, at most, on the average."""


class Interval(NamedTuple):
    """A mean over episodes; NaN where no episode has a figure.

    Attributes:
        mean: of the episodes.
        low, high: ends of the confidence interval; NaN where fewer than two episodes have a figure.
        episodes: number of those that have a figure.
    """

    mean: float
    low: float
    high: float
    episodes: int

    @property
    def is_known(self) -> bool:
        """Whether there is an interval."""
        return not math.isnan(self.low)


def mean_interval(values: Sequence[float] | np.ndarray) -> Interval:
    """Returns the mean of a figure per episode and its interval; NaN stands for an episode without one."""
    known = np.asarray(values, float)
    known = known[~np.isnan(known)]
    if not len(known):
        return Interval(math.nan, math.nan, math.nan, 0)
    error = known.std(ddof=1) / math.sqrt(len(known)) if len(known) > 1 else math.nan
    return _interval(float(known.mean()), error, len(known) - 1, len(known))


def paired_interval(values: Sequence[float] | np.ndarray, others: Sequence[float] | np.ndarray) -> Interval:
    """Returns the mean difference of two figures of the same episodes, and its interval."""
    return mean_interval(np.asarray(values, float) - np.asarray(others, float))


def unpaired_interval(values: Sequence[float] | np.ndarray, others: Sequence[float] | np.ndarray) -> Interval:
    """Returns the difference of the means of two groups of episodes, and its interval.

    Source: Welch 1947; its degrees of freedom.
    """
    first, second = (np.asarray(group, float)[~np.isnan(np.asarray(group, float))] for group in (values, others))
    count = min(len(first), len(second))
    if not count:
        return Interval(math.nan, math.nan, math.nan, 0)
    difference = float(first.mean() - second.mean())
    if count < 2:
        return Interval(difference, math.nan, math.nan, count)
    a, b = first.var(ddof=1) / len(first), second.var(ddof=1) / len(second)
    freedom = (a + b) ** 2 / (a**2 / (len(first) - 1) + b**2 / (len(second) - 1)) if a + b else count - 1
    return _interval(difference, math.sqrt(a + b), freedom, count)


def chance_of_luck(values: Sequence[float] | np.ndarray, others: Sequence[float] | np.ndarray) -> float:
    """Returns how often luck alone would put figures so far above others of the same episodes.

    Returns:
        p of the paired t-test, of one side; NaN where fewer than two episodes have both figures.
    """
    difference = paired_interval(values, others)
    if not difference.is_known:
        return math.nan
    error = (difference.high - difference.mean) / float(stats.t.ppf((1 + CONFIDENCE) / 2, difference.episodes - 1))
    if error == 0:
        return 0.0 if difference.mean > 0 else 1.0
    return float(stats.t.sf(difference.mean / error, difference.episodes - 1))


def correct_for_number(chances: Sequence[float]) -> list[float]:
    """Corrects the p of many claims for their number; NaN, where nothing was claimed, stays NaN and does not count.

    Returns:
        for each the smallest share of false discoveries at which it would be one.

    Source: Benjamini & Hochberg 1995.
    """
    corrected = np.array(chances, float)
    is_claimed = ~np.isnan(corrected)
    if is_claimed.any():
        corrected[is_claimed] = stats.false_discovery_control(corrected[is_claimed])
    return corrected.tolist()


def _interval(mean: float, error: float, freedom: float, count: int) -> Interval:
    if math.isnan(error):
        return Interval(mean, math.nan, math.nan, count)
    margin = float(stats.t.ppf((1 + CONFIDENCE) / 2, freedom)) * error
    return Interval(mean, mean - margin, mean + margin, count)
