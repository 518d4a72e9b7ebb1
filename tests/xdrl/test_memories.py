"""What agents carry: named parts that are chosen from, joined and forgotten together."""

import numpy as np

from xdrl.memories import CoreState, Part, first_memory, forget, join, memory_type, select

PARTS = {"frames": Part((2, 2), "uint8"), "h": Part((3,), "float32")}


def test_a_memory_starts_at_zero_with_its_parts_by_name():
    memory = first_memory(PARTS, 4)
    assert memory._fields == ("frames", "h")
    assert (memory.frames.shape, memory.frames.dtype) == ((4, 2, 2), np.uint8)
    assert not memory.frames.any() and not memory.h.any()


def test_the_type_of_the_same_names_is_the_same():
    assert memory_type(("frames", "h")) is memory_type(("frames", "h"))
    assert memory_type(("h", "c")) is CoreState


def test_some_are_forgotten_and_keep_their_types():
    memory = memory_type(("frames", "h"))(np.full((3, 2, 2), 7, np.uint8), np.ones((3, 3), np.float32))
    kept = forget(memory, np.array([False, True, False]))
    assert kept.frames.dtype == np.uint8 and kept.h.dtype == np.float32
    assert kept.frames.max((1, 2)).tolist() == [7, 0, 7]
    assert kept.h.max(1).tolist() == [1, 0, 1]


def test_what_is_taken_apart_is_joined_again():
    memory = CoreState(np.arange(6.0).reshape(3, 2), np.arange(6.0, 12.0).reshape(3, 2))
    joined = join([select(memory, slice(0, 1)), select(memory, np.array([1, 2]))])
    np.testing.assert_array_equal(joined.h, memory.h)
    np.testing.assert_array_equal(joined.c, memory.c)
