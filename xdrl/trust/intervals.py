"""Means over episodes and their confidence intervals, by the t-distribution."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import stats

CONFIDENCE = 0.95


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


def _interval(mean: float, error: float, freedom: float, count: int) -> Interval:
    if math.isnan(error):
        return Interval(mean, math.nan, math.nan, count)
    margin = float(stats.t.ppf((1 + CONFIDENCE) / 2, freedom)) * error
    return Interval(mean, mean - margin, mean + margin, count)
