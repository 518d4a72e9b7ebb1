"""How a run came about: every call of `train` that made it what it is, in `history.json` beside it."""

import dataclasses
import json
import shlex
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from xdrl.invocation import is_clone, program
from xdrl.machine import count_cores, describe_processor
from xdrl.storage.files import replace_file

HISTORY = "history.json"
_ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class TrainingCall:
    """A call of `train`.

    Attributes:
        agent_steps: that the run stood at when it began.
        command: as it was given.
        commit: of the code, with `-dirty` where it was changed; "" where it lies in no repository.
        date: of its begin.
        machine: that it ran on.
        versions: of what it ran on.
    """

    agent_steps: int
    command: str
    commit: str
    date: str
    machine: str
    versions: str


History = tuple[TrainingCall, ...]


def describe_call(arguments: Sequence[str], agent_steps: int) -> TrainingCall:
    """Describes the call that is under way.

    Args:
        arguments: of the command line.
        agent_steps: that the run stands at.
    """
    return TrainingCall(
        agent_steps,
        f"{program()} {shlex.join(arguments)}",
        _find_commit(),
        time.strftime("%Y-%m-%d"),
        f"{describe_processor()}, {count_cores()} cores",
        ", ".join(f"{name} {version(name)}" for name in ("keras", "ale-py", "numpy")),
    )


def add_call(history: History, call: TrainingCall) -> History:
    """Appends a call, where it is not the last one over again."""
    if history and call == dataclasses.replace(history[-1], agent_steps=call.agent_steps, date=call.date):
        return history
    return (*history, call)


def read_history(run_dir: Path) -> History:
    """Reads a run's history; it is empty where the run has none, or one that cannot be read."""
    try:
        return history_from_json(json.loads((run_dir / HISTORY).read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return ()


def write_history(run_dir: Path, history: History) -> None:
    """Writes a run's `history.json`."""
    replace_file(run_dir / HISTORY, json.dumps(history_to_json(history), indent=1) + "\n")


def history_to_json(history: History) -> list[dict[str, Any]]:
    """Returns the calls as plain JSON values; `history_from_json` turns them back."""
    return [dataclasses.asdict(call) for call in history]


def history_from_json(values: list[dict[str, Any]]) -> History:
    """Builds the calls from what `history_to_json` returned."""
    return tuple(TrainingCall(**call) for call in values)


def _find_commit() -> str:
    if not is_clone():  # what encloses an installed package is a repository of something else
        return ""
    command = ["git", "-C", str(_ROOT), "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=10).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""
