"""Takes the objects of a screen away, alone and together, and looks what the agent makes of it."""

import dataclasses
import itertools
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from xdrl.games import Game
from xdrl.machine import count_cores
from xdrl.memories import select
from xdrl.objects.asked import Act, Asked
from xdrl.objects.effects import Fewest, ObjectEffect, ScreenObjects, Without
from xdrl.objects.gathering import Thing, gather
from xdrl.objects.outcomes import Outcomes, compare, judge
from xdrl.objects.replays import replay

MOST_THINGS = 12
"""On one screen: where there are more objects those near each other are taken away together."""
ALL_SETS = 4
"""Objects of which every set is tried; of more, each alone, all together, and then some."""
PAIRED, LONGEST = 4, 8
"""Of more objects: the strongest ones whose pairs are tried, and the most that are taken away in turn."""


def weigh_objects(
    act: Act, asked: Asked, game: Game, action_names: Sequence[str], judges: bool, replayed: int = 0
) -> list[ScreenObjects]:
    """Says of every object on N screens what the agent would do without it.

    Several screens are looked at side by side: each waits now and then for what cannot be shared out.

    Args:
        act: of the agent.
        asked: what it decided on.
        game: that it plays.
        action_names: A of them.
        judges: whether it gives a Q-value to each action, and has no policy.
        replayed: screens before from which each object is taken away, too, as far as they are there; 0 holds the
            agent's memory fixed.
    """
    labels = tuple(map(game.label, action_names))
    deeds = [game.deed(name) for name in action_names]

    def weigh(index: int) -> ScreenObjects:
        numbers, things = gather(asked.seen[index], game, MOST_THINGS)

        def look(is_absent: np.ndarray, preferred: int | None = None) -> Outcomes:
            painted = asked.seen[index].without(asked.screens[index], _of_parts(is_absent, things))
            found = act(painted, select(asked.memory, np.full(len(painted), index)))
            return judge(found, deeds, judges, preferred)

        is_absent, outcomes = _try_sets(look, len(things))
        action = int(outcomes.logits[0].argmax() if asked.actions is None else asked.actions[index])
        again = None
        if replayed and things:
            found = replay(act, asked, index, [thing.parts for thing in things], replayed)
            again = judge(found, deeds, judges, int(outcomes.logits[0].argmax()))
        alone = compare(outcomes, outcomes, action, judges)[1 : len(things) + 1]
        for_longer = [None] * len(things) if again is None else compare(outcomes, again, action, judges)
        described = _describe(is_absent, outcomes, alone, for_longer, things, numbers, action, labels)
        return dataclasses.replace(described, replayed=replayed, judges_actions=judges)

    with ThreadPoolExecutor(count_cores()) as pool:
        return list(pool.map(weigh, range(len(asked.screens))))


def _of_parts(is_absent: np.ndarray, things: Sequence[Thing]) -> np.ndarray:
    """Turns absences of things, bool [V, M], into those of the objects that they are made of."""
    found = np.zeros((len(is_absent), sum(len(thing.parts) for thing in things)), bool)
    for index, thing in enumerate(things):
        found[:, list(thing.parts)] = is_absent[:, [index]]
    return found


def _try_sets(look: Callable[..., Outcomes], count: int) -> tuple[np.ndarray, Outcomes]:
    """Tries sets of objects: first none of them, then each alone, then others, all in one or two batches.

    Returns:
        bool [V, M], which objects are absent, V times; and what the agent makes of it.
    """
    alone = np.eye(count, dtype=bool)
    if count <= ALL_SETS:
        is_absent = np.concatenate([np.zeros((1, count), bool), alone, _sets(count, range(2, count + 1))])
        return is_absent, look(is_absent)
    is_absent = np.concatenate([np.zeros((1, count), bool), alone, np.ones((1, count), bool)])
    first = look(is_absent)
    leads = first.leads[1 : count + 1]
    if (leads < 0).any():
        return is_absent, first
    order = leads.argsort(kind="stable")
    lengths = range(3, min(LONGEST, count - 1) + 1)
    more = np.zeros((len(lengths), count), bool)
    for row, length in zip(more, lengths, strict=True):
        row[order[:length]] = True
    pairs = _sets(PAIRED, [2])
    paired = np.zeros((len(pairs), count), bool)
    paired[:, order[:PAIRED]] = pairs
    others = np.concatenate([paired, more])
    second = look(others, int(first.logits[0].argmax()))
    both = Outcomes(*(np.concatenate(parts) for parts in zip(first, second, strict=True)))
    return np.concatenate([is_absent, others]), both


def _sets(count: int, sizes: Iterable[int]) -> np.ndarray:
    """All sets of some sizes, bool [V, count]."""
    chosen = [members for size in sizes for members in itertools.combinations(range(count), size)]
    return np.array([[number in members for number in range(count)] for members in chosen], bool).reshape(
        len(chosen), count
    )


def _describe(
    is_absent: np.ndarray,
    outcomes: Outcomes,
    alone: Sequence[Without],
    for_longer: Sequence[Without | None],
    things: Sequence[Thing],
    numbers: np.ndarray,
    action: int,
    labels: tuple[str, ...],
) -> ScreenObjects:
    count, score = len(things), float(outcomes.scores[0, action])
    order = np.argsort([-each.divergence for each in alone], kind="stable")
    effects = tuple(
        ObjectEffect(
            things[index].name,
            things[index].count,
            things[index].box,
            things[index].area,
            score,
            alone[index],
            for_longer[index],
        )
        for index in order
    )
    new_numbers = np.append(0, np.argsort(order) + 1).astype(np.uint8)
    return ScreenObjects(
        objects=effects,
        labels=new_numbers[numbers],
        logits=outcomes.logits[0],
        action=action,
        fewest=_find_fewest(is_absent, outcomes, order, action),
        tried=len(outcomes.logits) - 1,
        is_exhaustive=count <= ALL_SETS,
        action_labels=labels,
    )


def _find_fewest(is_absent: np.ndarray, outcomes: Outcomes, order: np.ndarray, action: int) -> Fewest | None:
    """The smallest set without which something else is done; of equally small ones that where it leads most."""
    flips = np.flatnonzero(outcomes.leads < 0)
    if not len(flips):
        return None
    best = min(flips, key=lambda index: (is_absent[index].sum(), outcomes.leads[index]))
    members = tuple(np.flatnonzero(is_absent[best][order]).tolist())
    return Fewest(members, int(outcomes.logits[best].argmax()), float(outcomes.scores[best, action]))
