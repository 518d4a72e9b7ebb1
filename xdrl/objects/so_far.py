"""Objects found screen after screen, from the screens seen so far alone: as it has to be while a game is played."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from xdrl.games import Game
from xdrl.objects.kinds import field_of
from xdrl.objects.segmentation import (
    SceneObject,
    colour_codes,
    colours_of,
    find_difference,
    label_objects,
    pack_colour,
)

MOST_VOTES = 200
"""Screens for which a pixel's colour has to be another one at most until that is its background."""
SHAPE = (210, 160)
GIVEN_VOTES = 60
"""Screens that a background which is given counts for."""


class Seen(NamedTuple):
    """The objects on one screen.

    Attributes:
        labels: uint8 [210, 160]: 0 where there is no object, i + 1 where object i is.
        behind: uint8 [P, 3], the background behind the P pixels of objects, row by row.
        objects: from the largest to the smallest.
    """

    labels: np.ndarray
    behind: np.ndarray
    objects: tuple[SceneObject, ...]

    def without(self, screen: np.ndarray, is_absent: np.ndarray) -> np.ndarray:
        """Takes objects away from the screen: in their place is the background.

        Args:
            screen: uint8 [210, 160, 3].
            is_absent: bool [V, M], which of the M objects are taken away, V times.

        Returns:
            uint8 [V, 210, 160, 3].
        """
        rows, columns = np.nonzero(self.labels)
        numbers = self.labels[rows, columns].astype(int) - 1
        painted = np.repeat(screen[None], len(is_absent), axis=0)
        for variant, absent in zip(painted, is_absent, strict=True):
            chosen = absent[numbers]
            variant[rows[chosen], columns[chosen]] = self.behind[chosen]
        return painted


class ObjectsSoFar:
    """Finds the objects of a game, one screen after the other.

    The background of a pixel is the colour that has the majority so far (Boyer & Moore 1991), or the ground of the
    game's field wherever that was ever seen. What an episode's median knows in hindsight it learns as it goes: on the
    first screen of a game of which nothing is known nothing stands out.
    """

    def __init__(self, game: Game, background: np.ndarray | None = None) -> None:
        """Begins a game.

        Args:
            game: whose field and kinds are meant.
            background: uint8 [210, 160, 3], where one is known beforehand, as agents that were trained here do.
        """
        self._field = field_of(game)
        self._background = None if background is None else colour_codes(background)
        self._votes = np.full(SHAPE, GIVEN_VOTES, np.int16)
        self._same_for = np.zeros(SHAPE, np.int32)
        self._last = np.zeros(SHAPE, np.uint32)

    def see(self, screen: np.ndarray) -> Seen:
        """Finds the objects on the next screen, uint8 [210, 160, 3]."""
        codes = colour_codes(screen)
        background = self._learn(codes)
        mask = find_difference(codes, background, self._field)
        if self._field.still_steps:
            self._same_for = np.where(codes == self._last, self._same_for + 1, 1)
            mask &= self._same_for < self._field.still_steps
        self._last = codes
        labels = np.zeros(SHAPE, np.uint8)
        objects = tuple(label_objects(codes, mask, self._field, labels))
        return Seen(labels, colours_of(background[labels > 0]), objects)

    def _learn(self, codes: np.ndarray) -> np.ndarray:
        """Votes for the colours of a screen, uint32 [210, 160], pixel by pixel; returns those of the background."""
        if self._background is None:
            self._background = codes.copy()
            self._votes[:] = 0
        background = self._background
        self._votes += np.where(codes == background, np.int16(1), np.int16(-1))
        np.minimum(self._votes, MOST_VOTES, out=self._votes)
        is_won = self._votes < 0
        if self._field.ground is not None:
            rows, ground = slice(self._field.top, self._field.bottom), pack_colour(self._field.ground)
            is_won[rows] &= background[rows] != ground
            is_won[rows] |= codes[rows] == ground
        background[is_won] = codes[is_won]
        self._votes[is_won] = 1
        return background


def watch_game(screens: Iterable[np.ndarray], so_far: ObjectsSoFar) -> list[Seen]:
    """Finds the objects on screens of a game that follow on each other."""
    return [so_far.see(screen) for screen in screens]
