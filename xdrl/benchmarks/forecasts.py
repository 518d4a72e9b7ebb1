"""What a measured worker and a measured learner say of many workers: a bound, not a promise."""

from dataclasses import dataclass

from xdrl.benchmarks.scaling import Scaling

FORECAST_WORKERS = (8, 64, 512)
NETWORK_BYTES_PER_SECOND = 1.25e9
"""Of the learner's machine: 10 Gbit/s, in and out together."""


@dataclass(frozen=True)
class Forecast:
    """What some workers would do, each on a core of its own.

    Attributes:
        num_workers: of the run.
        steps_per_second: agent steps, at most.
        limit: what bounds them: `workers`, `learner` or `network`.
        policy_lag: in updates: while one worker plays, each of the others hands in one lesson.
    """

    num_workers: int
    steps_per_second: float
    limit: str
    policy_lag: int


def forecasts(scaling: Scaling) -> list[Forecast]:
    """Returns what `FORECAST_WORKERS` workers would do, by the measurements of one.

    The bounds are those of a closed queue (Denning and Buzen, "The operational analysis of queueing network models",
    1978): workers play side by side, the learner takes one lesson after the other, and each lesson sends weights one
    way and gradients the other.

    Args:
        scaling: measured; that of one Ray worker counts.
    """
    one = scaling.median("ray", 1)
    training = scaling.settings.training
    steps_per_lesson = training.rollout_length * training.envs_per_worker
    bounds = {}
    if one.learner_seconds and one.bytes_per_second:  # measured, and not in a round without a whole lesson
        bounds["learner"] = steps_per_lesson / one.learner_seconds
        bounds["network"] = NETWORK_BYTES_PER_SECOND * one.steps_per_second / one.bytes_per_second
    found = []
    for count in FORECAST_WORKERS:
        rates = {"workers": count * one.steps_per_second} | bounds
        limit = min(rates, key=rates.__getitem__)
        found.append(Forecast(count, rates[limit], limit, count - 1))
    return found
