"""What the command line shows of a game that is changed; nothing here prints."""

import math

from rich.console import Group
from rich.table import Table
from rich.text import Text

from xdrl.interventions.changes import OWN
from xdrl.interventions.experiment import EVERY, SHIFTS, Experiment
from xdrl.policies import OF_Q_VALUES
from xdrl.trust.claims import say_interval


def interventions_view(experiment: Experiment) -> Group:
    """Shows first what matters most in a sentence, then what every move and every rule did."""
    moved = Table(title=f"{experiment.game}: objects elsewhere, {_pixels()} pixels down or up")
    changes = "Q-values move" if experiment.judges_actions else "policy changes, nats"
    for heading in ("object", changes, "follows it", "acts otherwise"):
        moved.add_column(heading, justify="left" if heading == "object" else "right")
    for each in experiment.moved:
        shares = say_interval(each.following), say_interval(each.otherwise)
        moved.add_row(each.part, say_interval(each.divergence, 3), *shares)
    scores = Table(title="Whole games under another rule")
    scores.add_column("rule")
    scores.add_column("mean score", justify="right")
    for name, interval in experiment.scores.items():
        scores.add_row(name, say_interval(interval))
    note = (
        f"{experiment.num_games} games each, standard protocol, actions drawn, 95 % intervals over games. "
        f"Objects are moved for one frame of every {EVERY}th agent step. Follows it: how much more probable the "
        "actions become that go where the object went, less those that go the other way."
    )
    if experiment.judges_actions:
        note += f" {OF_Q_VALUES} It would do what is best."
    return Group(Text(strongest(experiment)), moved, scores, Text(note, "dim"))


def strongest(experiment: Experiment) -> str:
    """Says whose place changes the policy most, beside the agent's own, and how much more than the next one's."""
    others = [each for each in experiment.moved if each.part != OWN and each.moves]
    if len(others) < 2:
        return f"{experiment.game}: too little could be moved in games this short."
    first, second, *_ = sorted(others, key=lambda each: -each.divergence.mean)
    ratio = first.divergence.mean / second.divergence.mean if second.divergence.mean else math.inf
    times = f"{ratio:.1f} times as much as that of the {second.part}"
    return f"{experiment.game}: the place of the {first.part} changes the policy most, {times}."


def _pixels() -> str:
    return " or ".join(str(shift) for shift in SHIFTS if shift > 0)
