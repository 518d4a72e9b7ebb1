"""Fields of a training configuration as one writes them on a command line: NAME=VALUE."""

import dataclasses
import difflib
from collections.abc import Callable, Iterable
from typing import Any

from xdrl.config import TrainingConfig
from xdrl.errors import UserError
from xdrl.schedules import Schedule, parse_schedule

FIELDS = {field.name: field.type for field in dataclasses.fields(TrainingConfig) if field.name != "game"}
"""Names and types of what can be set."""


def parse_settings(texts: Iterable[str]) -> dict[str, Any]:
    """Reads settings.

    Args:
        texts: each `NAME=VALUE`; the value of a number that changes may be a schedule, `PROGRESS:VALUE,...`.

    Returns:
        fields of `TrainingConfig`; the last one counts where a name comes twice.

    Raises:
        UserError: a text is no setting, its name is unknown, with the nearest names, or its value is of another type.
    """
    return dict(map(_parse, texts))


def _parse(text: str) -> tuple[str, Any]:
    name, equals, value = (part.strip() for part in text.partition("="))
    if not equals:
        raise UserError(f"expected NAME=VALUE, got {text!r}")
    if name not in FIELDS:
        nearest = difflib.get_close_matches(name, FIELDS, n=3, cutoff=0.5) or FIELDS
        raise UserError(f"expected the name of a setting, got {name!r}; the nearest are {', '.join(nearest)}")
    kind = FIELDS[name]
    try:
        return name, _READERS[kind](value)
    except ValueError as error:
        kinds: dict[Any, str] = {int: "a whole number", float: "a number"}
        raise UserError(f"expected {kinds[kind]} for {name}, got {value!r}") from error
    except UserError as error:
        raise UserError(f"{name}: {error}") from error


def _read_whole(text: str) -> int:
    """Reads 3000000, 3_000_000 or 3e6."""
    number = float(text)
    if not number.is_integer():
        raise ValueError(text)
    return int(number)


_READERS: dict[Any, Callable[[str], Any]] = {
    int: _read_whole,
    float: float,
    str: str,
    Schedule: parse_schedule,
}
