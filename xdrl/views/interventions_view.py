"""What the command line shows of a game that is changed; nothing here prints."""

import math

from rich.console import Group
from rich.table import Table
from rich.text import Text

from xdrl.interventions.changes import OWN
from xdrl.interventions.experiment import EVERY, SHIFTS, Experiment
from xdrl.trust.intervals import Interval


def interventions_view(experiment: Experiment) -> Group:
    """Shows first what matters most in a sentence, then what every move and every rule did."""
    moved = Table(title=f"{experiment.game}: objects elsewhere, {_pixels()} pixels down or up")
    for heading in ("object", "policy changes, nats", "follows it", "acts otherwise"):
        moved.add_column(heading, justify="left" if heading == "object" else "right")
    for each in experiment.moved:
        shares = _interval(each.following, 2), _interval(each.otherwise, 2)
        moved.add_row(each.part, _interval(each.divergence, 3), *shares)
    scores = Table(title="Whole games under another rule")
    scores.add_column("rule")
    scores.add_column("mean score", justify="right")
    for name, interval in experiment.scores.items():
        scores.add_row(name, _interval(interval, 2))
    note = (
        f"{experiment.num_games} games each, standard protocol, actions drawn, 95 % intervals over games. "
        f"Objects are moved for one frame of every {EVERY}th agent step. Follows it: how much more probable the "
        "actions become that go where the object went, less those that go the other way."
    )
    return Group(Text(strongest(experiment)), moved, scores, Text(note, "dim"))


def strongest(experiment: Experiment) -> str:
    """Says whose place changes the policy most, beside the agent's own, and how much more than the next one's."""
    others = [each for each in experiment.moved if each.part != OWN]
    order = sorted(others, key=lambda each: -_known(each.divergence.mean))
    if not order or math.isnan(order[0].divergence.mean):
        return f"{experiment.game}: nothing could be moved in games this short."
    first, second = order[0], order[1]
    ratio = first.divergence.mean / second.divergence.mean if second.divergence.mean else math.inf
    times = f"{ratio:.1f} times as much as that of the {second.part}"
    return f"{experiment.game}: the place of the {first.part} changes the policy most, {times}."


def _known(value: float) -> float:
    return -math.inf if math.isnan(value) else value


def _pixels() -> str:
    return " or ".join(str(shift) for shift in SHIFTS if shift > 0)


def _interval(interval: Interval, digits: int) -> str:
    if math.isnan(interval.mean):
        return "-"
    if not interval.is_known:
        return f"{interval.mean:.{digits}f}"
    return f"{interval.mean:.{digits}f} [{interval.low:.{digits}f}, {interval.high:.{digits}f}]"
