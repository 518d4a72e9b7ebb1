"""What an agent is asked about: screens, memories and actions, checked where they enter."""

from typing import Any

import numpy as np

from xdrl.backgrounds import SCREEN_SHAPE
from xdrl.errors import UserError
from xdrl.images import as_batch, read_images
from xdrl.memories import Memory, Parts, first_memory


def check_screens(images: Any) -> np.ndarray:
    """Returns screens as uint8 [N, 210, 160, 3].

    Args:
        images: that, or one screen, an image of PIL's or the path of a picture.

    Raises:
        UserError: they are something else.
    """
    given = read_images(images)
    screens = as_batch(given)
    if screens.ndim != 4 or not len(screens) or screens.shape[1:] != SCREEN_SHAPE or screens.dtype != np.uint8:
        raise UserError(
            f"expected screens of shape [N, 210, 160, 3] and type uint8, got {list(given.shape)} {given.dtype}"
        )
    return screens


def check_actions(actions: Any, count: int) -> np.ndarray:
    """Returns the actions that were chosen on some screens as int64 [N].

    Raises:
        UserError: there is not one a screen.
    """
    if np.shape(actions) != (count,):
        raise UserError(f"expected {count} actions for {count} screens, got {list(np.shape(actions))}")
    return np.asarray(actions, np.int64)


def check_state(state: Memory | None, parts: Parts, count: int) -> Memory:
    """Returns the memory with which an agent saw some screens, that of games that start where it is None.

    Raises:
        UserError: it has other parts, or is not one a screen.
    """
    if state is None:
        return first_memory(parts, count)
    if getattr(state, "_fields", ()) != tuple(parts):
        raise UserError(f"expected a state of {', '.join(parts) or 'nothing'}, got {type(state).__name__}")
    for (name, part), array in zip(parts.items(), state, strict=True):
        shape = (count, *part.shape)
        if np.shape(array) != shape:
            raise UserError(f"expected a state {name} of shape {list(shape)}, got {list(np.shape(array))}")
    return state
