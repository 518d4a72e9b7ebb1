"""What is asked of an agent about objects: the screens it decided on, and how it decides."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from xdrl.memories import Memory
from xdrl.objects.so_far import Seen

Act = Callable[[np.ndarray, Memory], Any]
"""Screens uint8 [N, 210, 160, 3] and memories to a decision: logits [N, A], probabilities [N, A], values [N]."""


class Asked(NamedTuple):
    """Screens that an agent decided on.

    Attributes:
        screens: uint8 [N, 210, 160, 3].
        memory: with which they were seen.
        seen: their objects, N of them.
        actions: integer [N], that were chosen; None takes the preferred ones.
    """

    screens: np.ndarray
    memory: Memory
    seen: Sequence[Seen]
    actions: np.ndarray | None = None
