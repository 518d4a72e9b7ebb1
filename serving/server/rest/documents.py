"""Request bytes to a JSON object, with the guards that Python's parser lacks."""

import json
import math
import re
import threading
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np

from serving.server.errors import invalid_argument, too_large
from serving.server.limits import Limits
from serving.server.rest.bodies import LARGE_BODY_BYTES

# The tokens TensorFlow Serving reads. The two infinities are recognised by identity: an infinity that is neither of
# them is a number that did not fit a double, such as 1e999.
INFINITY = math.inf
NEGATIVE_INFINITY = -math.inf
_TOKENS = {"NaN": math.nan, "Infinity": INFINITY, "-Infinity": NEGATIVE_INFINITY}

NUMBER_TOO_BIG = "JSON Parse error: Number too big to be stored in double."

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_SURROGATE_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")
_DEPTH_STEPS = np.zeros(256, dtype=np.int8)
_DEPTH_STEPS[list(b"[{")] = 1
_DEPTH_STEPS[list(b"]}")] = -1


class DocumentParser:
    """Parses bodies; one per server, because big bodies take turns."""

    def __init__(self, limits: Limits) -> None:
        """Keeps the limits."""
        self._limits = limits
        # Python's objects take up to 30 times the bytes of their JSON: big bodies are parsed one at a time, so that
        # their copies do not add up. Parsing holds the interpreter lock anyway, so nothing is lost.
        self._big_body_turn = threading.Lock()

    def turn(self, body: bytes) -> AbstractContextManager[Any]:
        """Returns what to hold while the body is parsed and its JSON is alive; only big bodies wait for each other."""
        return self._big_body_turn if len(body) > LARGE_BODY_BYTES else nullcontext()

    def parse(self, body: bytes) -> dict[str, Any]:
        """Returns the request's JSON object; of equal keys the first counts.

        Args:
            body: UTF-8 JSON text; a byte order mark is skipped.

        Raises:
            RequestError: 400, not UTF-8, not JSON, too deep, or not an object; 413, too many values, lists or objects.
        """
        if not body:
            raise invalid_argument("JSON Parse error: The document is empty")
        _check_structure(body, self._limits)
        document = _parse_text(_decode(body))
        if type(document) is not dict:
            raise invalid_argument(f"JSON Value: {shown(document)} Is not object")
        return document


def shown(value: object) -> str:
    """Returns a JSON value as text for an error message, cut short."""
    if isinstance(value, (list, dict)):
        # Writing out a large value only to cut it would cost more than the request itself.
        text = json.dumps(_head(value))
    else:
        text = json.dumps(value)
    return text if len(text) <= 80 else text[:79] + "…"


def json_type_name(value: object) -> str:
    """Returns the name that TensorFlow Serving's messages give a JSON value's type."""
    if isinstance(value, bool):
        return str(value)
    names: dict[type, str] = {dict: "Object", list: "Array", str: "String", int: "Number", float: "Number"}
    return names.get(type(value), "Null")


def _check_structure(body: bytes, limits: Limits) -> None:
    """Refuses a body with too many values, or too many or too deeply nested lists and objects, without parsing it.

    Raises:
        RequestError: 413, too many; 400, too deep.
    """
    # Counted by all commas first: those inside strings only matter where there are too many.
    largest = limits.max_json_values
    if body.count(b",") >= largest and _outside_strings(body, b",").size >= largest:
        raise too_large(f"Request has more than {largest} JSON values")
    if body.count(b"[") + body.count(b"{") <= limits.max_json_depth:
        return
    steps = _DEPTH_STEPS[_outside_strings(body, b"[]{}")]
    if max(np.count_nonzero(steps > 0), np.count_nonzero(steps < 0)) > limits.max_json_containers:
        raise too_large(f"Request has more than {limits.max_json_containers} JSON lists and objects")
    if np.cumsum(steps, dtype=np.int32).max(initial=0) > limits.max_json_depth:
        raise invalid_argument(f"JSON Parse error: Nesting is deeper than the limit of {limits.max_json_depth} levels")


def _outside_strings(body: bytes, characters: bytes) -> "np.ndarray[Any, np.dtype[np.uint8]]":
    """Returns where a document has one of the characters outside of its strings, which it is: uint8 [found]."""
    # A backslash only stands inside strings; without escaped ones and escaped quotes, every quote opens or closes one.
    body = body.replace(b"\\\\", b"").replace(b'\\"', b"")
    others = bytes(byte for byte in range(256) if byte not in characters + b'"')
    found = np.frombuffer(body.translate(None, others), dtype=np.uint8)
    is_quote = found == ord('"')
    # Counting quotes modulo 256 keeps odd and even apart.
    is_inside = (np.cumsum(is_quote, dtype=np.uint8) & 1).astype(np.bool_)
    return found[~(is_inside | is_quote)]


def _decode(body: bytes) -> str:
    """Returns the body's text.

    Raises:
        RequestError: 400, it is not UTF-8.
    """
    try:
        return body.removeprefix(_BYTE_ORDER_MARK).decode("utf-8")
    except UnicodeDecodeError as error:
        raise invalid_argument(f"JSON Parse error: Invalid encoding in string. at offset: {error.start}") from None


def _parse_text(text: str) -> Any:
    """Returns the JSON value of a text whose depth has been checked.

    Raises:
        RequestError: 400, it is not JSON, or holds half a surrogate pair or an integer Python refuses to read.
    """
    try:
        document = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise invalid_argument(f"JSON Parse error: {error.msg} at offset: {error.pos}") from None
    except ValueError:
        # Python reads integers of 4,300 digits at most; a double ends at 309.
        raise invalid_argument(NUMBER_TOO_BIG) from None
    except RecursionError:
        raise invalid_argument("JSON Parse error: Nesting is too deep") from None
    if _SURROGATE_ESCAPE.search(text):
        _check_surrogates(document)
    return document


def _first_of_equal_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Returns an object in which the first of equal keys counts, as TensorFlow Serving's parser has it."""
    members = dict(pairs)
    return members if len(members) == len(pairs) else dict(reversed(pairs))


_DECODER = json.JSONDecoder(object_pairs_hook=_first_of_equal_keys, parse_constant=_TOKENS.__getitem__)


def _check_surrogates(document: Any) -> None:
    """Refuses half a surrogate pair, which no UTF-8 text can hold.

    Raises:
        RequestError: 400.
    """
    try:
        json.dumps(document, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        raise invalid_argument("JSON Parse error: The surrogate pair in string is invalid.") from None


def _head(value: Any, room: int = 4) -> Any:
    """Returns the first few members of a JSON value, for showing."""
    if isinstance(value, dict):
        return {key: _head(value[key], room - 1) for key in list(value)[:4]} if room else "…"
    if isinstance(value, list):
        return [_head(item, room - 1) for item in value[:4]] if room else "…"
    return value[:80] if isinstance(value, str) else value
