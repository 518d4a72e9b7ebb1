"""An agent's answers as records, read from what a model server sent."""

import base64
from collections import namedtuple
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

import numpy as np

from serving.errors import UnexpectedAnswerError

STATE, NEXT_STATE = "state_", "next_state_"
"""What the names of a memory's parts begin with, as inputs and as outputs."""
Q_VALUES = "q_values"
"""An output of agents that judge actions, beside the probabilities with which they are meant to be drawn."""
_MAX_CHARACTERS_SHOWN = 200

T = TypeVar("T")


class CoreState(NamedTuple):
    """The memory of a recurrent agent, of the screens before: float32 [H] each."""

    h: np.ndarray
    c: np.ndarray


State = Any
"""An agent's memory: a named tuple of arrays, whose names the agent says. `CoreState` is one."""


@dataclass(frozen=True)
class Answer:
    """What an agent makes of a screen.

    Attributes:
        action: index of the action to take: the most probable one, or the one that a `Player` drew.
        action_name: its name.
        probabilities: of each action by name, in the order of their indices.
        value: of the screen, in discounted clipped rewards; the largest Q-value where the agent judges actions.
        heatmap: float32 [h, w] in [0, 1], of what spoke for the most probable action.
        heatmap_peak: largest value before normalising, 0 where the map is blank.
        heatmap_status: `ok`, `all_negative`, `zero_gradient` or `not_finite`.
        heatmap_box: where on the screen the map lies, in pixels: top, left, bottom, right.
        overlay: PNG of the screen under its heatmap; None where it was not asked for.
        state: for the next screen; None where the screen was seen without a past.
        q_values: of each action by name, where the agent judges actions; None where it has a policy.
    """

    action: int
    action_name: str
    probabilities: dict[str, float]
    value: float
    heatmap: np.ndarray
    heatmap_peak: float
    heatmap_status: str
    heatmap_box: tuple[float, float, float, float]
    overlay: bytes | None
    state: State | None
    q_values: dict[str, float] | None = None


@dataclass(frozen=True)
class Reason:
    """What on a screen speaks for one action.

    Attributes:
        action: its index.
        action_name: its name, None where the action was given by index.
        heatmap: float32 [h, w] in [0, 1]; all 0 where nothing speaks for the action.
        heatmap_peak: largest value before normalising.
        contrast_heatmap: float32 [h, w] in [0, 1], of what speaks for the most probable action rather than this one;
            where this one is the most probable, rather than the runner-up.
    """

    action: int
    action_name: str | None
    heatmap: np.ndarray
    heatmap_peak: float
    contrast_heatmap: np.ndarray


def first_row(document: dict[str, Any]) -> dict[str, Any]:
    """Returns every output of the only screen of a columnar answer.

    Raises:
        UnexpectedAnswerError: it is no such answer.
    """
    return read_as_expected(document, lambda: {name: rows[0] for name, rows in document["outputs"].items()})


def read_answer(row: dict[str, Any]) -> Answer:
    """Reads an answer of `serving_default`, `overlay` or `step`.

    Raises:
        UnexpectedAnswerError: it is none.
    """
    return read_as_expected(
        row,
        lambda: Answer(
            action=int(row["action"]),
            action_name=str(row["action_name"]),
            probabilities=dict(zip(row["action_names"], row["action_probabilities"], strict=True)),
            value=float(row["value"]),
            heatmap=np.array(row["heatmap"], np.float32),
            heatmap_peak=float(row["heatmap_peak"]),
            heatmap_status=str(row["heatmap_status"]),
            heatmap_box=tuple(row["heatmap_box"]),
            overlay=base64.b64decode(row["overlay_bytes"]["b64"]) if "overlay_bytes" in row else None,
            state=_read_state(row) if any(name.startswith(NEXT_STATE) for name in row) else None,
            q_values=dict(zip(row["action_names"], row[Q_VALUES], strict=True)) if Q_VALUES in row else None,
        ),
    )


def read_reason(row: dict[str, Any], action: int, action_name: str | None) -> Reason:
    """Reads an answer of `explain` about an action.

    Raises:
        UnexpectedAnswerError: it is none.
    """
    return read_as_expected(
        row,
        lambda: Reason(
            action,
            action_name,
            np.array(row["heatmap"], np.float32),
            float(row["heatmap_peak"]),
            np.array(row["contrast_heatmap"], np.float32),
        ),
    )


def read_first_parts(metadata: dict[str, Any]) -> dict[str, np.ndarray]:
    """Reads the parts of an agent's memory, as a game starts with them: zeros of the signature `step`'s inputs.

    Raises:
        UnexpectedAnswerError: it says nothing of the kind.
    """

    def read() -> dict[str, np.ndarray]:
        inputs = metadata["metadata"]["signature_def"]["signature_def"]["step"]["inputs"]
        return {name: _zeros(tensor) for name, tensor in inputs.items() if name.startswith(STATE)}

    return read_as_expected(metadata, read)


def make_state(parts: Mapping[str, np.ndarray], prefix: str) -> State:
    """Makes a state of its parts, whose names begin with a prefix that is left out."""
    named = {name.removeprefix(prefix): part for name, part in parts.items()}
    kind: Any = CoreState if set(named) == set(CoreState._fields) else namedtuple("State", sorted(named))
    return kind(**named)


def read_as_expected(document: Any, read: Callable[[], T]) -> T:
    """Returns what is read from a document, or says that it is not an agent's.

    Raises:
        UnexpectedAnswerError: something is missing from it, or of another kind.
    """
    try:
        return read()
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise UnexpectedAnswerError(
            f"expected an agent's answer, got {repr(document)[:_MAX_CHARACTERS_SHOWN]}"
        ) from error


def _read_state(row: dict[str, Any]) -> State:
    return make_state({name: _read_part(row[name]) for name in row if name.startswith(NEXT_STATE)}, NEXT_STATE)


def _read_part(numbers: Any) -> np.ndarray:
    """Whole numbers are pixels; all others have a decimal point."""
    array = np.array(numbers)
    return array.astype(np.uint8 if array.dtype.kind == "i" else np.float32)


def _zeros(tensor: dict[str, Any]) -> np.ndarray:
    shape = [int(axis["size"]) for axis in tensor["tensor_shape"]["dim"][1:]]
    return np.zeros(shape, np.uint8 if tensor["dtype"] == "DT_UINT8" else np.float32)
