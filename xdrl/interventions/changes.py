"""What of a game can be changed, in the memory of the console: objects are moved, or behave otherwise.

Where things are in Pong's memory was found by changing each of its 128 bytes and looking at the screen.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from xdrl.errors import UserError
from xdrl.games import Game

UP, DOWN = "up", "down"
"""What actions are called, by `Game.deed`, that follow a part."""
Rule = Callable[[np.ndarray, np.ndarray], Mapping[int, int]]
"""The memory before and after a frame, uint8 [128] each, to what is then written: values by address."""


@dataclass(frozen=True)
class Part:
    """An object that can be moved up and down.

    Attributes:
        name: such as `ball`.
        address: of its place, which grows downwards by one a pixel.
        least, most: places at which all of it is on the field.
    """

    name: str
    address: int
    least: int
    most: int

    def moved(self, memory: np.ndarray, pixels: int) -> int | None:
        """Returns its place some pixels further down, None where it would leave the field."""
        place = int(memory[self.address]) + pixels
        return place if self.least <= place <= self.most else None


@dataclass(frozen=True)
class Changes:
    """What can be changed of a game.

    Attributes:
        parts: that can be moved.
        is_in_play: memory to whether all of them are on the screen.
        rules: how the game may go on, by what is said of it.
    """

    parts: tuple[Part, ...]
    is_in_play: Callable[[np.ndarray], bool]
    rules: Mapping[str, Rule]


def unchanged(before: np.ndarray, now: np.ndarray) -> Mapping[int, int]:
    """The game as it is."""
    return {}


OWN = "player"
"""What the agent itself moves."""
MIDDLE = 120
_BALL_ACROSS, _ENEMY = 49, 21


def _enemy_waits(before: np.ndarray, now: np.ndarray) -> Mapping[int, int]:
    """While the ball flies towards the agent, which is on the right, the enemy stays where it was."""
    return {_ENEMY: int(before[_ENEMY])} if now[_BALL_ACROSS] > before[_BALL_ACROSS] else {}


def _enemy_stands(before: np.ndarray, now: np.ndarray) -> Mapping[int, int]:
    """The enemy stays in the middle of its side."""
    return {_ENEMY: MIDDLE}


_BALL = Part("ball", 54, 50, 200)
CHANGES: dict[str, Changes] = {
    "Pong": Changes(
        parts=(_BALL, Part("enemy", _ENEMY, 50, 190), Part(OWN, 60, 50, 190)),
        is_in_play=lambda memory: memory[_BALL_ACROSS] > 0 and _BALL.moved(memory, 0) is not None,
        rules={
            "as it is": unchanged,
            "the enemy waits while the ball comes": _enemy_waits,
            "the enemy stands in the middle": _enemy_stands,
        },
    ),
}
"""By the name of the game. The waiting enemy is that of Delfosse et al. 2024."""


def find_changes(game: Game) -> Changes:
    """Returns what can be changed of a game.

    Raises:
        UserError: where things are in its memory is not known.
    """
    if game.name not in CHANGES:
        raise UserError(f"expected a game whose memory is known, {', '.join(CHANGES)}, got {game.name}")
    return CHANGES[game.name]
