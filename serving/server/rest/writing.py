"""Arrays to JSON text, as TensorFlow Serving writes it: float32 in shortest decimals, NaN and Infinity as tokens."""

import base64
from typing import Any

import numpy as np
import orjson

from serving.server.models.signatures import Array

_NUMBERS = orjson.OPT_SERIALIZE_NUMPY
_NOT_A_NUMBER, _INFINITY, _NEGATIVE_INFINITY = map(orjson.Fragment, (b"NaN", b"Infinity", b"-Infinity"))


def write_json(value: Any) -> bytes:
    """Returns UTF-8 text without white space.

    Args:
        value: Dictionaries, lists and text, with `written` arrays and members of these in them.
    """
    return orjson.dumps(value, option=_NUMBERS)


def written(array: Array, as_base64: bool = False) -> Any:
    """Returns an array in a form that `write_json` takes: the same nesting of rows, or one value for a scalar.

    Args:
        array: Of any shape; strings are bytes in object arrays.
        as_base64: Strings are written as `{"b64": …}` instead of text, in which bytes that are not UTF-8 are U+FFFD.
    """
    if array.dtype == np.object_:
        return _strings(array, _base64_object if as_base64 else _text)
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        return _with_tokens(array)
    return np.ascontiguousarray(array) if array.ndim else array[()]


def _strings(array: Array, write: Any) -> Any:
    """Returns strings as nested lists."""
    strings = np.empty(array.size, dtype=np.object_)
    strings[:] = [write(value) for value in array.ravel()]
    return strings.reshape(array.shape).tolist()


def _with_tokens(array: Array) -> Any:
    """Returns numbers, some of which JSON does not have, as nested lists."""
    numbers = np.empty(array.size, dtype=np.object_)
    numbers[:] = list(array.ravel())
    numbers = numbers.reshape(array.shape)
    numbers[np.isnan(array)] = _NOT_A_NUMBER
    numbers[np.isposinf(array)] = _INFINITY
    numbers[np.isneginf(array)] = _NEGATIVE_INFINITY
    return numbers.tolist()


def _base64_object(value: bytes) -> dict[str, str]:
    """Returns bytes in their JSON form."""
    return {"b64": base64.b64encode(value).decode("ascii")}


def _text(value: bytes) -> str:
    """Returns bytes as text."""
    return value.decode("utf-8", errors="replace")
