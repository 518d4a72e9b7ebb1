"""JSON values to numpy arrays, without coercion, by the rules of TensorFlow Serving's json_tensor.cc.

Reading is in two steps. The fast one works on whole levels of a nested list at once and either succeeds or says only
that something is wrong; then `faults.py` walks the same value in document order to say what.
"""

import base64
from itertools import chain
from typing import Any

import numpy as np

from serving.server.errors import invalid_argument
from serving.server.models.signatures import Array
from serving.server.rest.documents import INFINITY, NEGATIVE_INFINITY

# The dtypes that the REST API carries, by TensorFlow's names. Others exist in graphs (half, uint16, complex …) and have
# no JSON form in TensorFlow Serving either.
NUMPY_DTYPES: dict[str, Any] = {
    "float": np.float32,
    "double": np.float64,
    "int8": np.int8,
    "int16": np.int16,
    "int32": np.int32,
    "int64": np.int64,
    "uint8": np.uint8,
    "uint32": np.uint32,
    "uint64": np.uint64,
    "bool": np.bool_,
    "string": np.object_,
}

FLOATING = ("float", "double")

_LEAF_TYPES: dict[str, set[type]] = {
    "float": {int, float},
    "double": {int, float},
    "bool": {bool},
    "string": {str, dict},
}
# numpy's own bound; TensorFlow's is 254.
_MAX_RANK = 64
_BASE64_WHITE_SPACE = str.maketrans("", "", " \t\n\v\f\r")


def array_from_json(value: Any, dtype: str) -> Array | None:
    """Converts a JSON value to an array.

    Args:
        value: A scalar, `{"b64": …}`, or lists of these, nested to equal lengths.
        dtype: TensorFlow's name of the dtype wanted.

    Returns:
        The array, of the nested lists' shape (strings: bytes in an object array), or None where the value is ragged or
        holds anything that is not exactly of the dtype.

    Raises:
        RequestError: 400, the lists are nested deeper than any array.
    """
    shape: list[int] = []
    level: list[Any] = [value]
    while level and type(level[0]) is list:
        size = len(level[0])
        if set(map(type, level)) != {list} or set(map(len, level)) != {size}:
            return None
        shape.append(size)
        if len(shape) > _MAX_RANK:
            raise invalid_argument(f"Lists are nested deeper than the {_MAX_RANK} axes a tensor can have here")
        level = list(chain.from_iterable(level))
    leaves = _array_from_leaves(level, dtype)
    return None if leaves is None else leaves.reshape(shape)


def is_base64_object(value: Any) -> bool:
    """Tells whether a JSON value is `{"b64": "…"}` and nothing more."""
    return type(value) is dict and len(value) == 1 and type(value.get("b64")) is str


def decode_base64(text: str) -> bytes:
    """Decodes the standard alphabet; padding may be left out and white space may stand anywhere.

    Raises:
        ValueError: The text is not base64.
    """
    compact = text.translate(_BASE64_WHITE_SPACE)
    if "=" not in compact:
        compact += "=" * (-len(compact) % 4)
    return base64.b64decode(compact.encode("ascii"), validate=True)


def _array_from_leaves(leaves: list[Any], dtype: str) -> Array | None:
    """Returns the leaves as an array [len(leaves)], None where one is not exactly of the dtype."""
    if dtype not in NUMPY_DTYPES or not set(map(type, leaves)) <= _LEAF_TYPES.get(dtype, {int}):
        return None
    if dtype == "string":
        return _strings(leaves)
    if dtype in FLOATING:
        return _floats(leaves, dtype)
    try:
        return np.array(leaves, dtype=NUMPY_DTYPES[dtype])
    except OverflowError:
        return None


def _strings(leaves: list[Any]) -> Array | None:
    """Returns text as UTF-8 and base64 objects decoded: object [len(leaves)]."""
    strings = np.empty(len(leaves), dtype=np.object_)
    for index, leaf in enumerate(leaves):
        if type(leaf) is str:
            strings[index] = leaf.encode("utf-8")
        elif is_base64_object(leaf):
            try:
                strings[index] = decode_base64(leaf["b64"])
            except ValueError:
                return None
        else:
            return None
    return strings


def _floats(leaves: list[Any], dtype: str) -> Array | None:
    """Returns numbers rounded to the floating dtype, as the real server does: what is too large for it is infinite."""
    try:
        doubles = np.array(leaves, dtype=np.float64)
    except OverflowError:
        return None
    finite = np.isfinite(doubles)
    if not finite.all():
        # What no double holds is no number of the document's; the tokens are.
        tokens = [leaf is INFINITY or leaf is NEGATIVE_INFINITY or leaf != leaf for leaf in leaves]
        if not np.logical_or(finite, tokens).all():
            return None
    with np.errstate(over="ignore"):
        return doubles.astype(NUMPY_DTYPES[dtype])
