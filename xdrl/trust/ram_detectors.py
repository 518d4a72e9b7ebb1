"""Optional cross-check: objects read from the game's memory by OCAtari, held against the segmentation."""

import importlib
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

import numpy as np

from xdrl.errors import UserError
from xdrl.games import Game
from xdrl.objects.segmentation import SceneObject
from xdrl.preprocessing import SCREEN_WIDTH, Box

RELIABLE = ("Pong", "DemonAttack", "SpaceInvaders", "Phoenix", "Qbert")
"""Games whose boxes are right; of BeamRider's half are not."""


def has_detectors() -> bool:
    """Says whether OCAtari is installed."""
    return find_spec("ocatari") is not None


def detect_objects(game: Game, rams: np.ndarray) -> list[list[tuple[str, Box]]]:
    """Reads the objects of a game from its memory.

    Args:
        game: of `RELIABLE`.
        rams: integer [S, 128], of consecutive steps of one game.

    Returns:
        for every step the detector's name of each object and its box, in pixels of the screen; without scores.

    Raises:
        UserError: OCAtari is not installed, or its detector of this game is not reliable.
    """
    if not has_detectors():
        raise UserError("expected OCAtari to read objects from memory, but it is not installed")
    if game.name not in RELIABLE:
        raise UserError(f"expected a game of {', '.join(RELIABLE)}, got {game.name}")
    name = game.name.lower()
    importlib.import_module(f"ocatari.ram.{name}")
    detectors: Any = importlib.import_module("ocatari.ram.extract_ram_info")
    objects = detectors.init_objects(name, hud=False)
    found = []
    # In uint8 its sums would wrap around.
    for ram in np.asarray(rams, np.int64):
        detectors.detect_objects_ram(objects, ram, name, hud=False)
        found.append([(item.category, _box(item)) for item in objects if item])
    return found


def share_found(
    detected: Sequence[Sequence[tuple[str, Box]]], objects: Sequence[Sequence[SceneObject]], game: Game, name: str
) -> float:
    """Returns the share of the detected objects of a name, on what the agent sees, that meet a segmented one."""
    hits = [
        any(_overlap(box, item) for item in step_objects)
        for boxes, step_objects in zip(detected, objects, strict=True)
        for category, box in boxes
        if category == name and _is_seen(box, game)
    ]
    return float(np.mean(hits)) if hits else float("nan")


def _box(item: Any) -> Box:
    left, top, width, height = (float(value) for value in item.xywh)
    return Box(top, left, top + height, left + width)


def _is_seen(box: Box, game: Game) -> bool:
    is_inside = box.top >= game.crop.top and box.bottom <= game.crop.bottom
    return is_inside and box.left >= 0 and box.right <= SCREEN_WIDTH and box.bottom > box.top and box.right > box.left


def _overlap(box: Box, item: SceneObject) -> bool:
    is_level = box.top < item.bottom and item.top < box.bottom
    return is_level and box.left < item.right and item.left < box.right
