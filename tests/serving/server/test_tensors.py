"""The fast path from JSON to arrays and the slow one that explains agree on what is wrong."""

import itertools
import math
from typing import Any

import numpy as np
import pytest

from serving.server.rest.documents import INFINITY
from serving.server.rest.faults import column_fault
from serving.server.rest.tensors import NUMPY_DTYPES, array_from_json, json_from_arrays

LEAVES: list[Any] = [
    0, -1, 127, 128, 2**24 - 1, 2**24, 2**31 - 1, 2**31, 2**53, 2**63 - 1, 2**63, 2**64 - 1, 2**64, -(2**63), -(2**64),
    10**400, 0.5, -0.0, 1e39, float("1e999"), INFINITY, -math.inf, math.nan, True, None, "a", "",
    {"b64": "YQ=="}, {"b64": "YQ="}, {"b64": 1}, {}, {"a": 1},
]  # fmt: skip
GENERAL = "cannot be converted to a tensor"


@pytest.mark.parametrize("dtype", [*NUMPY_DTYPES, "half"])
def test_a_refused_value_always_has_a_reason(dtype: str) -> None:
    accepted = 0
    for leaf in LEAVES:
        for value in (leaf, [leaf], [[leaf], [leaf]]):
            array = array_from_json(value, dtype)
            if array is None:
                assert GENERAL not in str(column_fault(value, dtype)), (dtype, value)
            else:
                accepted += 1
                assert array.dtype == NUMPY_DTYPES[dtype]
                assert GENERAL in str(column_fault(value, dtype)), (dtype, value)
    assert (accepted == 0) == (dtype == "half")


def test_ragged_lists_always_have_a_reason() -> None:
    for a, b in itertools.permutations([1, [], [1], [1, 2], [[1]], [[]]], 2):
        assert array_from_json([a, b], "int32") is None
        assert GENERAL not in str(column_fault([a, b], "int32")), (a, b)


def test_float32_is_written_as_its_shortest_decimal() -> None:
    values = [0.2, 1e-5, 0.669074059, 16777216.0, 123456.7, -1 / 3, 1e-10, 0.0]
    written = json_from_arrays({"y": np.array(values, np.float32)}, "_bytes")["y"]
    assert written == [0.2, 1e-5, 0.66907406, 16777216.0, 123456.7, -0.33333334, 1e-10, 0.0]


def test_any_float32_survives_the_way_through_decimals() -> None:
    bits = np.random.default_rng(0).integers(0, 2**32, 20_000, dtype=np.uint32)
    singles = bits.view(np.float32)
    returned = np.array(json_from_arrays({"y": singles}, "_bytes")["y"], np.float32)
    np.testing.assert_array_equal(returned, singles)


def test_a_negative_infinity_is_recognised_as_the_parsers_own() -> None:
    assert array_from_json([float("-1e999")], "double") is None
