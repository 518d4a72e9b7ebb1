"""Where the moving objects are, found on the screens of an episode alone: what differs from its background."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy import ndimage

from xdrl.games import Game
from xdrl.trust.kinds import Colour, Field, Rule, field_of

BACKGROUND_SCREENS = 200
"""Of the episode, evenly spaced, whose median is the background."""
MIN_AREA = 3
"""Pixels; less is a speck."""
MAX_SHARE = 0.25
"""Of the field; where more than this differs from the background the whole screen flashes, and shows no objects."""
MAX_OBJECTS = 255
"""On one screen, the largest ones."""
_NEIGHBOURS = np.ones((3, 3), bool)


class SceneObject(NamedTuple):
    """One object on one screen.

    Attributes:
        kind: of `xdrl.trust.kinds.KINDS`.
        top, left, bottom, right: its box in pixels of the screen; bottom and right are the first outside.
        area: pixels that it paints.
    """

    kind: str
    top: int
    left: int
    bottom: int
    right: int
    area: int


@dataclass(frozen=True)
class Scene:
    """The objects of an episode.

    Attributes:
        background: uint8 [210, 160, 3], the screen without them.
        labels: uint8 [S, 210, 160]: 0 where there is no object, i + 1 where object i of the screen is.
        objects: of each of the S screens.
    """

    background: np.ndarray
    labels: np.ndarray
    objects: tuple[tuple[SceneObject, ...], ...]


def find_objects(screens: np.ndarray, game: Game) -> Scene:
    """Finds the moving objects of an episode, and their kinds.

    An object is a connected part of what differs from the background: parts at most two pixels apart are one, specks
    are dropped, and so is what the game's row in `xdrl.trust.kinds` calls scenery or display.

    Args:
        screens: uint8 [S, 210, 160, 3], RGB, of one episode.
        game: whose field and kinds are meant.
    """
    field = field_of(game)
    background = _background(screens, field)
    labels = np.zeros(screens.shape[:3], np.uint8)
    objects = []
    is_settled = _settled(screens, field.still_steps)
    for step, screen in enumerate(screens):
        mask = _differs(screen, background, field) & ~is_settled[step]
        objects.append(tuple(_label(screen, mask, field, labels[step])))
    return Scene(background, labels, tuple(objects))


def _background(screens: np.ndarray, field: Field) -> np.ndarray:
    """The median over the episode, a pixel and a channel at a time; on the field the ground wins over its guests."""
    chosen = np.linspace(0, len(screens) - 1, min(len(screens), BACKGROUND_SCREENS)).astype(int)
    background = np.median(screens[chosen], axis=0).astype(np.uint8)
    if field.ground is not None:
        # A pixel that was the ground at any time is the ground, even where something stood on it for long.
        rows = slice(field.top, field.bottom)
        was_ground = (screens[chosen, rows] == np.array(field.ground, np.uint8)).all(-1).any(0)
        background[rows][was_ground] = field.ground
    return background


def _differs(screen: np.ndarray, background: np.ndarray, field: Field) -> np.ndarray:
    mask = (screen != background).any(-1)
    mask[: field.top] = mask[field.bottom :] = False
    mask &= ~_has_colour(screen, field.scenery)
    return mask if mask.sum() <= MAX_SHARE * mask[field.top : field.bottom].size else np.zeros_like(mask)


def _settled(screens: np.ndarray, still_steps: int) -> np.ndarray:
    """Where a pixel keeps its colour for so many steps that it has become background: bool [S, 210, 160]."""
    if not still_steps:
        return np.zeros(screens.shape[:3], bool)
    same = (screens[1:] == screens[:-1]).all(-1)
    run = np.ones(screens.shape[:3], np.int32)
    for step in range(1, len(screens)):  # the length of the run so far, ...
        run[step] = np.where(same[step - 1], run[step - 1] + 1, 1)
    for step in range(len(screens) - 2, -1, -1):  # ... then of the whole run
        run[step] = np.where(same[step], run[step + 1], run[step])
    return run >= still_steps


def _label(screen: np.ndarray, mask: np.ndarray, field: Field, labels: np.ndarray) -> Iterator[SceneObject]:
    """Labels the objects of one screen in place, from the largest to the smallest."""
    parts, areas = _connected(mask, _has_colour(screen, field.mixed(field.apart)))
    boxes = ndimage.find_objects(parts)
    number = 0
    for index in np.argsort(-areas, kind="stable"):
        box, area = boxes[index], int(areas[index])
        if area < MIN_AREA or number == MAX_OBJECTS:
            break
        is_part = parts[box] == index + 1
        kind = _kind(screen[box][is_part], box, field)
        if kind is None:
            continue
        number += 1
        labels[box][is_part] = number
        rows, columns = box
        yield SceneObject(kind, rows.start, columns.start, rows.stop, columns.stop, area)


def _connected(mask: np.ndarray, is_apart: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Numbers the connected parts of a mask from 1, those that stand apart on their own, and counts their pixels."""
    parts, total = np.zeros(mask.shape, np.int32), 0
    for layer in (mask & ~is_apart, mask & is_apart):
        if layer.any():
            found, count = ndimage.label(ndimage.binary_dilation(layer, _NEIGHBOURS), _NEIGHBOURS)
            parts[layer] = found[layer] + total
            total += count
    return parts, np.bincount(parts.ravel(), minlength=total + 1)[1:]


def _kind(pixels: np.ndarray, box: tuple[slice, slice], field: Field) -> str | None:
    holds = (rule.kind for rule in field.rules if _holds(rule, pixels, box, field))
    return next(holds, field.otherwise)


def _holds(rule: Rule, pixels: np.ndarray, box: tuple[slice, slice], field: Field) -> bool:
    rows, columns = box
    return (
        rule.top <= (rows.start + rows.stop) / 2 < rule.bottom
        and columns.stop - columns.start <= rule.max_width
        and (not rule.colours or _has_colour(pixels, field.mixed(rule.colours)).mean() >= 0.5)
    )


def _has_colour(pixels: np.ndarray, colours: Iterable[Colour]) -> np.ndarray:
    """Says which pixels, uint8 [..., 3], have one of some colours."""
    codes = _codes(pixels)
    found = np.zeros(codes.shape, bool)
    for code in _codes(np.array(list(colours), np.uint8).reshape(-1, 3)):
        found |= codes == code
    return found


def _codes(pixels: np.ndarray) -> np.ndarray:
    """Packs colours, uint8 [..., 3], into one number each, uint32 [...]."""
    red, green, blue = (pixels[..., channel].astype(np.uint32) for channel in range(3))
    return red << 16 | green << 8 | blue
