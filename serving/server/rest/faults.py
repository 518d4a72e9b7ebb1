"""What is wrong with a JSON value that does not fit its tensor, in TensorFlow Serving's words.

Only runs once `tensors.array_from_json` has refused a value. It walks in document order and stops at the first fault;
long lists are first tried in chunks, so that millions of good values before a bad one cost no more than reading them.
"""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from serving.server.errors import RequestError, invalid_argument, unimplemented
from serving.server.rest.documents import INFINITY, NEGATIVE_INFINITY, NUMBER_TOO_BIG, json_type_name, shown
from serving.server.rest.tensors import (
    FLOATING,
    NUMPY_DTYPES,
    array_from_json,
    decode_base64,
    is_base64_object,
)

_CHUNK = 1024


def column_fault(value: Any, dtype: str) -> RequestError:
    """Returns the 400 (501 for a dtype without a JSON form) for the value of one whole input."""
    fault = _fault(value, dtype)
    if dtype not in NUMPY_DTYPES and fault.startswith("Conversion of"):
        return unimplemented(fault)
    return invalid_argument(fault)


def instances_fault(values: list[Any], dtype: str, key: str | None) -> RequestError:
    """Returns the 400 for the values of one input, one per instance.

    Args:
        values: The input's value in each instance.
        dtype: TensorFlow's name of the dtype wanted.
        key: The input's name where the instances are objects, None where they are bare values.
    """
    where = f" key: {key}" if key is not None else ""
    shape, size = dense_shape(values[0]), _count_leaves(values[0])
    for index, value in _suspects(values, dtype, shape):
        fault = _fault_or_none(value, dtype)
        if fault is None and _count_leaves(value) != size:
            fault = f"Expecting tensor size: {size} but got: {_count_leaves(value)}"
        if fault is None and dense_shape(value) != shape:
            fault = f"Expecting shape {_shape_text(shape)} but got: {_shape_text(dense_shape(value))}"
        if fault is not None:
            message = f"Failed to process element: {index}{where} of 'instances' list. Error: INVALID_ARGUMENT: {fault}"
            return invalid_argument(message)
    return invalid_argument(f"'instances' cannot be converted to a tensor of type: {dtype}")


def dense_shape(value: Any) -> list[int]:
    """Returns the shape that the first elements of nested lists announce."""
    shape = []
    while type(value) is list:
        shape.append(len(value))
        if not value:
            break
        value = value[0]
    return shape


def number_fault(number: int | float) -> str | None:
    """Returns why a number does not fit a floating dtype: no double holds it."""
    try:
        is_infinite = math.isinf(float(number))
    except OverflowError:
        return NUMBER_TOO_BIG
    return NUMBER_TOO_BIG if is_infinite and number is not INFINITY and number is not NEGATIVE_INFINITY else None


def _fault(value: Any, dtype: str) -> str:
    """Returns what is wrong with the value, in general words where no single element is at fault."""
    return (
        _fault_or_none(value, dtype) or f"JSON Value: {shown(value)} cannot be converted to a tensor of type: {dtype}"
    )


def _fault_or_none(value: Any, dtype: str) -> str | None:
    """Returns what is wrong with the value by itself."""
    return _walk(value, 0, dense_shape(value), dtype)


def _walk(value: Any, level: int, shape: list[int], dtype: str) -> str | None:
    """Returns the first fault below this value; recursion is bounded by the depth limit of the body."""
    if type(value) is not list:
        if level != len(shape):
            return (
                f"JSON Value: {shown(value)} found at incorrect level: {level + 1} in the JSON DOM."
                f" Expected at level: {len(shape)}"
            )
        return _leaf_fault(value, dtype)
    if level >= len(shape):
        return f"Encountered list at unexpected level: {level} expected < {len(shape)}"
    if len(value) != shape[level]:
        return f"Encountered list at unexpected size: {len(value)} at level: {level} expected size: {shape[level]}"
    suspects = _suspects(value, dtype, shape[level + 1 :])
    return next(filter(None, (_walk(item, level + 1, shape, dtype) for _, item in suspects)), None)


def _suspects(values: list[Any], dtype: str, shape: list[int]) -> Iterator[tuple[int, Any]]:
    """Yields values with their index, in order, without the chunks in which every value has the dtype and shape."""
    for start in range(0, len(values), _CHUNK):
        chunk = values[start : start + _CHUNK]
        # A list of one is looked into at once: tried at each of many levels, what it holds would be read as often.
        array = array_from_json(chunk, dtype) if len(values) > 1 else None
        if array is None or list(array.shape[1:]) != shape:
            yield from enumerate(chunk, start)


def _leaf_fault(leaf: Any, dtype: str) -> str | None:
    """Returns why a single value is not of the dtype."""
    wrong_type = f"JSON Value: {shown(leaf)} Type: {json_type_name(leaf)} is not of expected type: {dtype}"
    if type(leaf) is dict:
        return _base64_fault(leaf) if dtype == "string" else wrong_type
    if dtype not in NUMPY_DTYPES:
        return f"Conversion of JSON Value: {shown(leaf)} to type: {dtype}"
    if dtype in FLOATING:
        return number_fault(leaf) if type(leaf) in (int, float) else wrong_type
    if dtype in ("string", "bool"):
        return None if type(leaf) is {"string": str, "bool": bool}[dtype] else wrong_type
    bounds = np.iinfo(NUMPY_DTYPES[dtype])
    return None if type(leaf) is int and bounds.min <= leaf <= bounds.max else wrong_type


def _base64_fault(value: dict[str, Any]) -> str | None:
    """Returns why an object is not a string value."""
    if not is_base64_object(value):
        return f"JSON Value: {shown(value)} not formatted correctly for base64 data"
    try:
        decode_base64(value["b64"])
    except ValueError:
        return "Unable to base64 decode"
    return None


def _count_leaves(value: Any) -> int:
    """Returns the number of values in nested lists."""
    return sum(map(_count_leaves, value)) if type(value) is list else 1


def _shape_text(shape: list[int]) -> str:
    """Returns a shape as `[2,3]`."""
    return "[" + ",".join(map(str, shape)) + "]"
