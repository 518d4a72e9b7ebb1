"""Which question a method and a path ask, by TensorFlow Serving's own two patterns."""

import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import unquote

from serving.server.errors import invalid_argument

# Source: kPathRegex, kPredictionApiGegex, kModelStatusApiRegex in TensorFlow Serving's http_rest_api_handler.cc and
# http_rest_api_util.cc. The query string is part of what they match; letter case is ignored, but not in the verb.
_OURS = re.compile(r"/v1/.*", re.IGNORECASE | re.DOTALL)
_SELECTOR = r"(?:/versions/(?P<version>[0-9]+)|/labels/(?P<label>[^/:]+))?"
_POST = re.compile(rf"/v1/models/(?P<name>[^/:]+){_SELECTOR}:(?P<verb>classify|regress|predict)", re.IGNORECASE)
_GET = re.compile(rf"/v1/models(?:/(?P<name>[^/:]+))?{_SELECTOR}(?:/(?P<verb>metadata))?", re.IGNORECASE)

_MAX_VERSION = 2**63 - 1

Verb = Literal["predict", "classify", "regress", "status", "metadata"]


@dataclass(frozen=True)
class Route:
    """A question to one model.

    Attributes:
        verb: What is asked.
        name: The model's name.
        version: The version asked for, or None.
        label: The version's label asked for, or None; never together with a version.
    """

    verb: Verb
    name: str
    version: int | None
    label: str | None


def is_in_contract(path: str) -> bool:
    """Tells whether a path, still percent-encoded, is one that this API answers, be it with an error."""
    return _OURS.fullmatch(path) is not None


def parse_route(method: str, target: str) -> Route:
    """Returns what a request asks.

    Args:
        method: The HTTP method, in capitals.
        target: Path and query string as sent, still percent-encoded; the path `is_in_contract`.

    Raises:
        RequestError: 400, it asks nothing this API knows.
    """
    pattern = {"POST": _POST, "GET": _GET}.get(method)
    match = pattern.fullmatch(target) if pattern else None
    verb = (match["verb"] or "status") if match else None
    if match is None or verb not in ("predict", "classify", "regress", "status", "metadata"):
        raise invalid_argument(f"Malformed request: {method} {target}")
    if match["name"] is None:
        raise invalid_argument("Missing model name in request.")
    label = unquote(match["label"]) if match["label"] else None
    return Route(verb, unquote(match["name"]), _version(match["version"]), label)  # type: ignore[arg-type]


def _version(digits: str | None) -> int | None:
    """Returns the version number, None where the path names none.

    Raises:
        RequestError: 400, the number does not fit 64 bits.
    """
    if digits is None:
        return None
    # Compared by length first: Python refuses to read integers of thousands of digits.
    if len(digits.lstrip("0")) > len(str(_MAX_VERSION)) or int(digits) > _MAX_VERSION:
        raise invalid_argument(f"Failed to convert version: {digits} to numeric.")
    return int(digits)
