"""Properties of the way from bytes to arrays and back, on whatever hypothesis comes up with."""

import gzip
import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from serving.server.admission import BodyShare, BodySpace
from serving.server.errors import RequestError
from serving.server.limits import Limits
from serving.server.models.signatures import TensorSpec
from serving.server.rest.answers import columnar_answer
from serving.server.rest.bodies import inflate
from serving.server.rest.documents import DocumentParser
from serving.server.rest.faults import column_fault, instances_fault
from serving.server.rest.inputs import read_inputs
from serving.server.rest.routes import parse_route
from serving.server.rest.tensors import NUMPY_DTYPES, array_from_json
from serving.server.rest.writing import write_json, written

LIMITS = Limits()
PARSER = DocumentParser(LIMITS)
GENERAL = "cannot be converted to a tensor"
DTYPES = [*NUMPY_DTYPES, "half"]
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
SHAPES = hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([2**24, 2**31, 2**53, 2**63, 2**64, -(2**63), -(2**63) - 1, 10**309]),
    st.floats(),
    TEXT,
    st.binary(max_size=6).map(lambda value: written(np.array(value, np.object_), as_base64=True)),
)
VALUES = st.recursive(
    SCALARS,
    lambda values: st.one_of(
        st.lists(values, max_size=4),
        st.lists(values, min_size=1, max_size=1).map(lambda one: one * 3),
        st.dictionaries(st.one_of(st.sampled_from(["b64", "x"]), TEXT), values, max_size=3),
    ),
    max_leaves=12,
)
NUMBERS_ALIKE = st.one_of(
    hnp.arrays(np.int64, SHAPES).map(np.ndarray.tolist), hnp.arrays(np.float64, SHAPES).map(np.ndarray.tolist)
)


def repeatably(examples: int) -> settings:
    """The same examples in every run."""
    return settings(derandomize=True, deadline=None, max_examples=examples, database=None)


def through_the_wire(array: Any, dtype: str, as_base64: bool = False) -> Any:
    """Writes an array as an answer does, and reads it as a request."""
    name = "x_bytes" if as_base64 else "x"
    spec = TensorSpec(f"DT_{dtype.upper()}", None, name)
    text = write_json({"inputs": columnar_answer({name: array}, {name: spec})["outputs"]})
    arrays, is_row_form = read_inputs(PARSER.parse(text), {name: spec})
    assert not is_row_form
    return arrays[name]


@pytest.mark.parametrize("dtype", [name for name in NUMPY_DTYPES if name != "string"])
@repeatably(60)
@given(st.data())
def test_an_array_survives_the_way_through_json(dtype: str, data: st.DataObject) -> None:
    array = data.draw(hnp.arrays(NUMPY_DTYPES[dtype], SHAPES))
    returned = through_the_wire(array, dtype)
    assert returned.dtype == array.dtype
    if array.size:
        assert returned.shape == array.shape
    np.testing.assert_array_equal(returned.ravel(), array.ravel())
    is_number = array.ravel() == array.ravel()
    np.testing.assert_array_equal(np.signbit(returned.ravel()[is_number]), np.signbit(array.ravel()[is_number]))


@repeatably(100)
@given(st.lists(TEXT, max_size=5), st.lists(st.binary(max_size=20), max_size=5))
def test_strings_survive_as_text_and_any_bytes_as_base64(texts: list[str], values: list[bytes]) -> None:
    for strings, as_base64 in (([text.encode("utf-8") for text in texts], False), (values, True)):
        array = np.empty(len(strings), np.object_)
        array[:] = strings
        assert list(through_the_wire(array, "string", as_base64)) == strings


@pytest.mark.parametrize("dtype", ["int8", "int16", "int32", "int64", "uint8", "uint32", "uint64"])
def test_the_ends_of_every_integer_are_read_and_one_further_is_not(dtype: str) -> None:
    bounds = np.iinfo(NUMPY_DTYPES[dtype])
    ends = np.array([bounds.min, bounds.max], NUMPY_DTYPES[dtype])
    np.testing.assert_array_equal(through_the_wire(ends, dtype), ends)
    assert array_from_json([int(bounds.min) - 1], dtype) is None
    assert array_from_json([int(bounds.max) + 1], dtype) is None


@pytest.mark.parametrize("dtype", ["float", "double"])
def test_the_tokens_are_numbers_only_as_tokens(dtype: str) -> None:
    spec = {"x": TensorSpec(f"DT_{dtype.upper()}", None, "x")}
    read, _ = read_inputs(PARSER.parse(b'{"inputs": [NaN, Infinity, -Infinity]}'), spec)
    np.testing.assert_array_equal(read["x"], [math.nan, math.inf, -math.inf])
    for text in (b'["NaN"]', b"[1e999]", b"[-1e999]", b"[nan]", b"[inf]", b"[-NaN]", b"[+Infinity]"):
        with pytest.raises(RequestError):
            read_inputs(PARSER.parse(b'{"inputs": ' + text + b"}"), spec)


@repeatably(300)
@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_a_float32_is_written_as_briefly_as_reads_back_as_it(number: float) -> None:
    single = np.float32(number)
    text = write_json(written(np.array(single))).decode()
    assert np.float32(float(text)) == single
    digits = np.format_float_scientific(single, unique=True).partition("e")[0].strip("-0.").replace(".", "")
    assert len(text.partition("e")[0].strip("-0.").replace(".", "").strip("0")) <= len(digits), (text, digits)


@pytest.mark.parametrize("dtype", NUMPY_DTYPES)
@repeatably(150)
@given(st.one_of(VALUES, NUMBERS_ALIKE))
def test_a_value_is_read_exactly_where_no_fault_is_found(dtype: str, value: Any) -> None:
    array = array_from_json(value, dtype)
    fault = column_fault(value, dtype)
    assert (array is not None) == (GENERAL in fault.message), fault.message
    if isinstance(value, list) and value:
        assert (array is not None) == (GENERAL in instances_fault(value, dtype, None).message)


@repeatably(300)
@given(
    st.dictionaries(st.sampled_from(["inputs", "instances", "signature_name", "z"]), VALUES), st.sampled_from(DTYPES)
)
def test_whatever_is_asked_is_read_or_refused(document: dict[str, Any], dtype: str) -> None:
    text = json.dumps(document).encode("ascii")
    spec = TensorSpec(f"DT_{dtype.upper()}", (-1,), "x")
    for specs in ({"x": spec}, {"x": spec, "b64": spec}):
        try:
            arrays, _ = read_inputs(PARSER.parse(text), specs)
        except RequestError as error:
            assert error.status in (400, 501)
            assert "\n" not in error.message
        else:
            assert arrays.keys() == specs.keys()
            assert all(array.dtype == NUMPY_DTYPES[dtype] for array in arrays.values())


@repeatably(300)
@given(st.dictionaries(TEXT, VALUES, max_size=4), st.sampled_from([None, 1]), st.booleans())
def test_a_document_is_read_as_by_the_standard_library(document: dict[str, Any], indent: Any, is_ascii: bool) -> None:
    body = json.dumps(document, indent=indent, ensure_ascii=is_ascii).encode("utf-8")
    expected = json.loads(body)
    assert repr(PARSER.parse(body)) == repr(expected)


def members(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Texts of objects whose keys are likely to be equal, one of them written with an escape."""
    keys = st.sampled_from(['"a"', '"\\u0061"', '"b"', '""'])
    pairs = st.lists(st.tuples(keys, values), max_size=4)
    return pairs.map(lambda some: "{" + ",".join(f"{key}:{value}" for key, value in some) + "}")


@repeatably(200)
@given(members(st.recursive(st.integers(0, 9).map(str), members, max_leaves=8)))
def test_the_first_of_equal_keys_counts_at_every_depth(text: str) -> None:
    def first(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in pairs:
            found.setdefault(key, value)
        return found

    assert PARSER.parse(text.encode("utf-8")) == json.loads(text, object_pairs_hook=first)


@repeatably(500)
@given(st.one_of(st.binary(max_size=60), st.text('{}[]",:\\u12dDeEaN-.tf \n', max_size=60).map(str.encode)))
def test_any_bytes_are_an_object_or_refused(body: bytes) -> None:
    try:
        assert type(PARSER.parse(body)) is dict
    except RequestError as error:
        assert error.status == 400
        assert "\n" not in error.message


@repeatably(300)
@given(st.one_of(TEXT, st.text('[]{}",\\', max_size=40)), st.integers(0, 12))
def test_what_stands_in_strings_is_not_counted_as_structure(text: str, depth: int) -> None:
    limits = Limits(max_json_depth=8, max_json_containers=10, max_json_values=2)
    body = '{"a":' + "[" * depth + json.dumps(text) + "]" * depth + ',"b":1}'
    if depth >= 8:
        with pytest.raises(RequestError):
            DocumentParser(limits).parse(body.encode())
    else:
        assert DocumentParser(limits).parse(body.encode())["b"] == 1


@repeatably(500)
@given(
    st.sampled_from(["GET", "POST", "PUT", "get"]),
    st.one_of(
        st.text(max_size=60),
        st.lists(
            st.one_of(
                st.sampled_from(
                    ["/v1", "/models", "/m", "/versions", "/9", "/labels", ":predict", "/metadata", "%2F", "?"]
                ),
                st.integers(0, 2**70).map(lambda number: f"/{number}"),
                st.text(max_size=5),
            ),
            max_size=8,
        ).map(lambda parts: "/v1/models" + "".join(parts)),
    ),
)
def test_any_path_is_a_route_or_none_or_refused(method: str, target: str) -> None:
    try:
        route = parse_route(method, target)
    except RequestError as error:
        assert (error.status, "\n" in error.message) == (400, False)
    else:
        assert (route is None) == (not target.lower().startswith("/v1/"))
        assert route is None or route.name


@repeatably(100)
@given(st.lists(st.binary(max_size=10_000), min_size=1, max_size=4), st.integers(0, 9))
def test_a_gzip_body_of_several_members_is_inflated_whole(parts: list[bytes], level: int) -> None:
    space = BodySpace(1_000_000)
    share = BodyShare(space)
    body = b"".join(gzip.compress(part, level) for part in parts)
    assert inflate(body, LIMITS, share) == b"".join(parts)
    share.release()
    space.take(1_000_000)
    with pytest.raises(RequestError, match="gzip"):
        inflate(body[:-1], LIMITS, BodyShare(BodySpace(1_000_000)))
