"""What an agent carries from screen to screen: named arrays, all of them zero when a game starts."""

import functools
from collections import namedtuple
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np


class CoreState(NamedTuple):
    """What a recurrent network remembers, float32 [N, H] each."""

    h: np.ndarray
    c: np.ndarray

    def __repr__(self) -> str:
        """Says how much it is, and not what."""
        return f"<CoreState of {' x '.join(map(str, np.shape(self.h)))} numbers>"


Memory = Any
"""A named tuple of arrays [N, ...]; the names are its network's. `CoreState` is one."""


class Part(NamedTuple):
    """A part of a memory.

    Attributes:
        shape: of one game's, without the leading axis.
        dtype: name of its type, `float32` or `uint8`.
    """

    shape: tuple[int, ...]
    dtype: str


Parts = Mapping[str, Part]
"""The parts of a memory by name, in their order."""


@functools.cache
def memory_type(names: tuple[str, ...]) -> Any:
    """Returns the named tuple of some names, the same one each time."""
    return CoreState if names == CoreState._fields else namedtuple("Memory", names)


def first_memory(parts: Parts, num_screens: int) -> Memory:
    """Returns the memory of games that start."""
    zeros = (np.zeros((num_screens, *part.shape), part.dtype) for part in parts.values())
    return memory_type(tuple(parts))(*zeros)


def select(memory: Memory, index: Any) -> Memory:
    """Returns the memories of some of the N games: an index, a slice or a mask of the leading axis."""
    return type(memory)(*(part[index] for part in memory))


def join(memories: Sequence[Memory]) -> Memory:
    """Joins memories of the same parts, at least one."""
    return type(memories[0])(*(np.concatenate(parts) for parts in zip(*memories, strict=True)))


def forget(memory: Memory, is_new: np.ndarray) -> Memory:
    """Returns the memory with that of some games zeroed; `is_new` is bool [N]."""
    return type(memory)(*(part * ~is_new.reshape(-1, *[1] * (part.ndim - 1)) for part in memory))
