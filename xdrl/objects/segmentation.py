"""Where the moving objects are: what differs from the background of an episode that has been played."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy import ndimage

from xdrl.games import Game
from xdrl.objects.kinds import Colour, Field, Rule, field_of

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
        kind: of `xdrl.objects.kinds.KINDS`.
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
    are dropped, and so is what the game's row in `xdrl.objects.kinds` calls scenery or display.

    Args:
        screens: uint8 [S, 210, 160, 3], RGB, of one episode.
        game: whose field and kinds are meant.
    """
    field = field_of(game)
    background = _background(screens, field)
    labels = np.zeros(screens.shape[:3], np.uint8)
    objects = []
    is_settled = _settled(screens, field.still_steps)
    still = colour_codes(background)
    for step, screen in enumerate(screens):
        codes = colour_codes(screen)
        mask = find_difference(codes, still, field) & ~is_settled[step]
        objects.append(tuple(label_objects(codes, mask, field, labels[step])))
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


def find_difference(codes: np.ndarray, background: np.ndarray, field: Field) -> np.ndarray:
    """Says where a screen shows on the field what is neither background nor scenery.

    Args:
        codes: uint32 [210, 160], the screen's colours.
        background: the same of the background.
        field: of the game.

    Returns:
        bool [210, 160]; False everywhere where the whole screen flashes.
    """
    mask = codes != background
    mask[: field.top] = mask[field.bottom :] = False
    mask &= ~_has_colour(codes, field.scenery)
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


def label_objects(codes: np.ndarray, mask: np.ndarray, field: Field, labels: np.ndarray) -> Iterator[SceneObject]:
    """Labels the objects of one screen, from the largest to the smallest.

    Args:
        codes: uint32 [210, 160], the screen's colours.
        mask: bool [210, 160], what differs from the background.
        field: of the game.
        labels: uint8 [210, 160], zeros; i + 1 is written where object i is.

    Yields:
        the objects.
    """
    parts, areas = _connected(mask, mask & _has_colour(codes, field.mixed(field.apart)))
    boxes = ndimage.find_objects(parts)
    number = 0
    for index in np.argsort(-areas, kind="stable"):
        box, area = boxes[index], int(areas[index])
        if area < MIN_AREA or number == MAX_OBJECTS:
            break
        is_part = parts[box] == index + 1
        kind = _kind(codes[box][is_part], box, field)
        if kind is None:
            continue
        number += 1
        labels[box][is_part] = number
        rows, columns = box
        yield SceneObject(kind, rows.start, columns.start, rows.stop, columns.stop, area)


def _connected(mask: np.ndarray, is_apart: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Numbers the connected parts of a mask from 1, those that stand apart on their own, and counts their pixels."""
    parts, total = np.zeros(mask.shape, np.int32), 0
    for layer in (mask & ~is_apart, is_apart):
        if layer.any():
            found, count = ndimage.label(ndimage.binary_dilation(layer, _NEIGHBOURS), _NEIGHBOURS)
            parts[layer] = found[layer] + total
            total += count
    return parts, np.bincount(parts.ravel(), minlength=total + 1)[1:]


def _kind(codes: np.ndarray, box: tuple[slice, slice], field: Field) -> str | None:
    holds = (rule.kind for rule in field.rules if _holds(rule, codes, box, field))
    return next(holds, field.otherwise)


def _holds(rule: Rule, codes: np.ndarray, box: tuple[slice, slice], field: Field) -> bool:
    rows, columns = box
    return (
        rule.top <= (rows.start + rows.stop) / 2 < rule.bottom
        and columns.stop - columns.start <= rule.max_width
        and (not rule.colours or _has_colour(codes, field.mixed(rule.colours)).mean() >= 0.5)
    )


def _has_colour(codes: np.ndarray, colours: Iterable[Colour]) -> np.ndarray:
    """Says which of some pixels, uint32 [...], have one of some colours."""
    found = np.zeros(codes.shape, bool)
    for colour in colours:
        found |= codes == pack_colour(colour)
    return found


def colour_codes(pixels: np.ndarray) -> np.ndarray:
    """Packs colours, uint8 [..., 3], into one number each, uint32 [...]: comparing those is ten times as fast."""
    red, green, blue = (pixels[..., channel].astype(np.uint32) for channel in range(3))
    return red << 16 | green << 8 | blue


def pack_colour(colour: Colour) -> int:
    """Packs one colour as `colour_codes` does."""
    red, green, blue = colour
    return red << 16 | green << 8 | blue


def colours_of(codes: np.ndarray) -> np.ndarray:
    """Unpacks what `colour_codes` packed, uint32 [...] to uint8 [..., 3]."""
    return np.stack([codes >> 16, codes >> 8, codes], -1).astype(np.uint8)
