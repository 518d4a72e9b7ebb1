"""The last screens once more, without an object: what the agent would do had it not been there for a while."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from xdrl.memories import Memory, select
from xdrl.objects.asked import Act, Asked
from xdrl.objects.segmentation import SceneObject
from xdrl.objects.so_far import Seen

FARTHEST_PIXELS = 24.0
"""That the middle of an object moves from a screen to the next at most: Pong's fastest ball moves 20."""


def replay(act: Act, asked: Asked, index: int, parts: Sequence[Sequence[int]], length: int) -> Any:
    """Lets the agent see the screens before one again, and that one, without some objects.

    It begins with the memory that it had then; where a game or a life began in between it begins there.

    Args:
        act: of the agent.
        asked: consecutive screens of a game.
        index: of the screen that it ends with.
        parts: for each of V variants the objects of that screen that are taken away.
        length: screens before it that are seen again, as far as they are there.

    Returns:
        the decision on the last screen, V of them.
    """
    first = max(index - length, 0)
    steps = range(first, index + 1)
    traces = [trace([asked.seen[step] for step in steps], each) for each in parts]
    memory, decision = select(asked.memory, np.full(len(parts), first)), None
    for place, step in enumerate(steps):
        if not _has_begun(select(asked.memory, slice(step, step + 1))):
            memory = select(asked.memory, np.full(len(parts), step))
        is_absent = np.zeros((len(parts), len(asked.seen[step].objects)), bool)
        for variant, each in zip(is_absent, traces, strict=True):
            variant[list(each[place])] = True
        decision = act(asked.seen[step].without(asked.screens[step], is_absent), memory)
        memory = decision.state
    return decision


def trace(seen: Sequence[Seen], parts: Sequence[int]) -> list[tuple[int, ...]]:
    """Follows objects of the last of some screens back: which objects they were on each.

    An object was the nearest one of its kind on the screen before; where none is near enough it is looked for further
    back, and farther away by as much.

    Args:
        seen: the objects of consecutive screens.
        parts: indices of objects on the last one.

    Returns:
        indices of objects on each of the screens.
    """
    followed = [(seen[-1].objects[part], 0) for part in parts]
    found: list[tuple[int, ...]] = [tuple(parts)]
    for before in reversed(seen[:-1]):
        places = [_nearest(before.objects, item, FARTHEST_PIXELS * (gap + 1)) for item, gap in followed]
        followed = [
            (item, gap + 1) if place is None else (before.objects[place], 0)
            for place, (item, gap) in zip(places, followed, strict=True)
        ]
        found.append(tuple(place for place in places if place is not None))
    return found[::-1]


def _nearest(objects: Sequence[SceneObject], item: SceneObject, farthest: float) -> int | None:
    distances = [
        np.hypot(*np.subtract(_middle(other), _middle(item))) if other.kind == item.kind else np.inf
        for other in objects
    ]
    place = int(np.argmin(distances)) if distances else 0
    return place if distances and distances[place] <= farthest else None


def _middle(item: SceneObject) -> tuple[float, float]:
    return (item.top + item.bottom) / 2, (item.left + item.right) / 2


def _has_begun(memory: Memory) -> bool:
    return any(part.any() for part in memory)
