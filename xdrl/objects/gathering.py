"""Many objects on a screen become few: those of a kind that are near each other are taken as one."""

from dataclasses import dataclass

import numpy as np

from xdrl.games import Game
from xdrl.objects.kinds import OBJECT, field_of
from xdrl.objects.so_far import Seen
from xdrl.preprocessing import Box


@dataclass(frozen=True)
class Thing:
    """What is taken away at once: an object, or several.

    Attributes:
        name: such as `ball`.
        count: objects that it is made of.
        box: around them.
        area: pixels that they paint.
        parts: indices of the objects.
    """

    name: str
    count: int
    box: Box
    area: int
    parts: tuple[int, ...]


def gather(seen: Seen, game: Game, most: int) -> tuple[np.ndarray, list[Thing]]:
    """Takes objects together until there are few enough of them.

    The two of one kind that are nearest to each other become one, and so on; only where no two are of one kind, others.

    Args:
        seen: the objects of a screen.
        game: that knows their names.
        most: things that are left at most.

    Returns:
        uint8 [210, 160], 0 where there is no object, i + 1 where a part of thing i is; and the things.
    """
    field = field_of(game)
    things = [
        Thing(field.name(item.kind), 1, Box(item.top, item.left, item.bottom, item.right), item.area, (number,))
        for number, item in enumerate(seen.objects)
    ]
    while len(things) > most:
        one, other = _nearest(things)
        merged = _merge(things[one], things[other])
        things = [thing for index, thing in enumerate(things) if index not in (one, other)] + [merged]
    table = np.zeros(len(seen.objects) + 1, np.uint8)
    for index, thing in enumerate(things, 1):
        table[np.array(thing.parts) + 1] = index
    return table[seen.labels], things


def _nearest(things: list[Thing]) -> tuple[int, int]:
    boxes = np.array([thing.box for thing in things])
    names = np.array([thing.name for thing in things])
    gaps = np.maximum(boxes[:, None, :2] - boxes[None, :, 2:], boxes[None, :, :2] - boxes[:, None, 2:])
    distances = np.hypot(*np.moveaxis(np.maximum(gaps, 0), -1, 0)) + 1000.0 * (names[:, None] != names[None])
    np.fill_diagonal(distances, np.inf)
    one, other = np.unravel_index(distances.argmin(), distances.shape)
    return int(one), int(other)


def _merge(one: Thing, other: Thing) -> Thing:
    top, left = map(min, one.box[:2], other.box[:2])
    bottom, right = map(max, one.box[2:], other.box[2:])
    name = one.name if one.name == other.name else OBJECT
    return Thing(
        name, one.count + other.count, Box(top, left, bottom, right), one.area + other.area, one.parts + other.parts
    )
