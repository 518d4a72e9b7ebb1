"""Changes of one screen by hand: objects that are moved or rubbed out, and boxes that are painted."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from xdrl.errors import UserError
from xdrl.objects.segmentation import SceneObject
from xdrl.objects.so_far import SHAPE, Seen

MOST_EDITS = 50
"""Of one screen."""
SHOWN = 80
"""Characters of what was given that an error repeats."""


class Move(NamedTuple):
    """An object stands elsewhere; the background fills the place that it leaves.

    Attributes:
        number: index of the object, in `Seen.objects`.
        to: left and top of its box then, in pixels of the screen.
    """

    number: int
    to: tuple[int, int]


class Erase(NamedTuple):
    """An object is gone, and the background is in its place.

    Attributes:
        number: index of the object, in `Seen.objects`.
    """

    number: int


class Paint(NamedTuple):
    """A box is painted over.

    Attributes:
        box: left, top, right and bottom in pixels of the screen; right and bottom are the first outside.
        colour: red, green and blue; None for the screen without its objects.
    """

    box: tuple[int, int, int, int]
    colour: tuple[int, int, int] | None = None


Edit = Move | Erase | Paint


class Changed(NamedTuple):
    """A screen after its changes.

    Attributes:
        screen: uint8 [210, 160, 3].
        seen: the objects that are left on it.
        places: of each object that was there before, in their order: the object where it is now, or None.
    """

    screen: np.ndarray
    seen: Seen
    places: tuple[SceneObject | None, ...]


def change_screen(screen: np.ndarray, seen: Seen, edits: Sequence[Edit]) -> Changed:
    """Changes a screen.

    Objects that are moved or erased leave their places first. Then boxes are painted and objects put down in the order
    of the changes, each object where its last change wants it.

    Args:
        screen: uint8 [210, 160, 3].
        seen: its objects.
        edits: the changes, at most 50.

    Raises:
        UserError: a change names an object that is not there, leads out of the screen, or is one too many.
    """
    _check(edits, seen.objects)
    without = seen.without(screen, np.ones((1, len(seen.objects)), bool))[0]
    last = {edit.number: index for index, edit in enumerate(edits) if not isinstance(edit, Paint)}
    painted, labels = screen.copy(), seen.labels.copy()
    is_left = np.isin(labels, [number + 1 for number in last])
    painted[is_left], labels[is_left] = without[is_left], 0
    places: list[SceneObject | None] = list(seen.objects)
    for index, edit in enumerate(edits):
        if isinstance(edit, Paint):
            left, top, right, bottom = edit.box
            part = slice(top, bottom), slice(left, right)
            painted[part], labels[part] = without[part] if edit.colour is None else edit.colour, 0
        elif last[edit.number] == index:
            places[edit.number] = None
            if isinstance(edit, Move):
                item = seen.objects[edit.number]
                across, down = edit.to[0] - item.left, edit.to[1] - item.top
                rows, columns = np.nonzero(seen.labels == edit.number + 1)
                painted[rows + down, columns + across] = screen[rows, columns]
                labels[rows + down, columns + across] = edit.number + 1
                places[edit.number] = _shift(item, across, down)
    return Changed(painted, _see(labels, places, without), tuple(places))


def read_edits(values: Any) -> list[Edit]:
    """Reads changes from plain JSON values, each an object with its `kind`.

    `{"kind": "move", "object": 2, "to": [80, 40]}`, `{"kind": "erase", "object": 2}`,
    `{"kind": "paint", "box": [10, 20, 30, 40], "colour": [92, 186, 92]}`; without `colour` it is the background's.

    Raises:
        UserError: they are something else.
    """
    if not isinstance(values, list) or len(values) > MOST_EDITS:
        raise UserError(f"expected a list of at most {MOST_EDITS} changes, got {_shorten(values)}")
    return [_read(value) for value in values]


def _read(value: Any) -> Edit:
    given = value if isinstance(value, dict) else {}
    fields: list[Any] = [given.get(name) for name in ("kind", "object", "to", "box", "colour")]
    kind, number, to, box, colour = fields
    if kind == "move" and _are_whole([number], 1) and _are_whole(to, 2):
        return Move(number, tuple(to))
    if kind == "erase" and _are_whole([number], 1):
        return Erase(number)
    if kind == "paint" and _are_whole(box, 4) and (colour is None or _are_whole(colour, 3)):
        return Paint(tuple(box), colour and tuple(colour))
    raise UserError(
        "expected a change of kind move with object and to, erase with object, or paint with box and perhaps colour, "
        f"in whole numbers, got {_shorten(value)}"
    )


def _are_whole(values: Any, count: int) -> bool:
    return isinstance(values, list) and len(values) == count and all(type(value) is int for value in values)


def _check(edits: Sequence[Edit], objects: Sequence[SceneObject]) -> None:
    height, width = SHAPE
    if len(edits) > MOST_EDITS:
        raise UserError(f"expected at most {MOST_EDITS} changes, got {len(edits)}")
    for edit in edits:
        if isinstance(edit, Paint):
            box = edit.box
            if edit.colour is not None and not all(0 <= value <= 255 for value in edit.colour):
                raise UserError(f"expected a colour of numbers from 0 to 255, got {_shorten(edit.colour)}")
        elif not 0 <= edit.number < len(objects):
            raise UserError(
                f"expected one of the {len(objects)} objects of the screen, counted from 0, got {edit.number}"
            )
        elif isinstance(edit, Move):
            item, (left, top) = objects[edit.number], edit.to
            box = left, top, left + item.right - item.left, top + item.bottom - item.top
        else:
            continue
        if not (0 <= box[0] < box[2] <= width and 0 <= box[1] < box[3] <= height):
            raise UserError(f"expected a box within the screen of {width} x {height} pixels, got {_shorten(box)}")


def _shift(item: SceneObject, across: int, down: int) -> SceneObject:
    top, left, bottom, right = item.top + down, item.left + across, item.bottom + down, item.right + across
    return item._replace(top=top, left=left, bottom=bottom, right=right)


def _see(labels: np.ndarray, places: Sequence[SceneObject | None], without: np.ndarray) -> Seen:
    """Numbers the objects anew that are left, wholly or in part."""
    areas = np.bincount(labels.ravel(), minlength=len(places) + 1)[1:]
    left = [
        (number, item._replace(area=int(areas[number]))) for number, item in enumerate(places) if item and areas[number]
    ]
    table = np.zeros(len(places) + 1, np.uint8)
    table[[number + 1 for number, _ in left]] = np.arange(1, len(left) + 1)
    numbered = table[labels]
    return Seen(numbered, without[numbered > 0], tuple(item for _, item in left))


def _shorten(value: Any) -> str:
    text = str(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
