"""JSON to arrays, where the fast path and the slow one that explains agree on what is wrong; and arrays to JSON."""

import itertools
import json
import math
from typing import Any

import numpy as np
import pytest

from serving.server.rest.documents import INFINITY
from serving.server.rest.faults import column_fault
from serving.server.rest.tensors import NUMPY_DTYPES, array_from_json
from serving.server.rest.writing import write_json, written

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
    values = np.array([0.2, 1e-5, 0.669074059, 16777216.0, 123456.7, -1 / 3, 1e-10, 0.0, 3e38, 1e-45], np.float32)
    text = b"[0.2,0.00001,0.66907406,16777216.0,123456.7,-0.33333334,1e-10,0.0,3e+38,1e-45]"
    assert write_json(written(values)) == text


def test_any_float32_survives_the_way_through_decimals() -> None:
    bits = np.random.default_rng(0).integers(0, 2**32, 20_000, dtype=np.uint32)
    singles = bits.view(np.float32)
    for numbers in (singles, singles[np.isfinite(singles)]):
        returned = np.array(json.loads(write_json(written(numbers))), np.float32)
        np.testing.assert_array_equal(returned, numbers)


@pytest.mark.parametrize("dtype", sorted(NUMPY_DTYPES.keys() - {"string"}))
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 0), (0, 2), (2, 3, 1)])
def test_arrays_of_any_shape_are_written_as_nested_lists(dtype: str, shape: tuple[int, ...]) -> None:
    array = np.arange(np.prod(shape, dtype=int)).reshape(shape).astype(NUMPY_DTYPES[dtype])
    assert json.loads(write_json(written(array))) == array.tolist()
    assert json.loads(write_json(written(array.T))) == array.T.tolist()
    assert json.loads(write_json({"rows": list(written(array)) if shape else []}))["rows"] == (
        array.tolist() if shape else []
    )


def test_numbers_that_json_does_not_have_are_tokens() -> None:
    array = np.array([[math.nan, 0.2], [-math.inf, math.inf]], np.float32)
    assert write_json(written(array)) == b"[[NaN,0.2],[-Infinity,Infinity]]"
    assert write_json(written(np.array(-math.inf))) == b"-Infinity"


def test_strings_are_text_or_base64() -> None:
    array = np.array([b"a\xff", "é".encode()], np.object_)
    assert json.loads(write_json(written(array))) == ["a\ufffd", "é"]
    assert json.loads(write_json(written(array, as_base64=True))) == [{"b64": "Yf8="}, {"b64": "w6k="}]
    assert json.loads(write_json(written(np.array(b"one", np.object_)))) == "one"


def test_a_negative_infinity_is_recognised_as_the_parsers_own() -> None:
    assert array_from_json([float("-1e999")], "double") is None
