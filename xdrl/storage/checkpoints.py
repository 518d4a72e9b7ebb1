"""Saves and restores everything a run needs, with numpy alone."""

import dataclasses
import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from xdrl.errors import UserError
from xdrl.storage.files import replaced_folder

CHECKPOINT = "checkpoint"
PREVIOUS = "checkpoint.previous"
BEST = "best"
WEIGHTS = "weights"
_STATE, _ARRAYS = "state.json", "arrays"
"""The file of the numbers, and in it the SHA-256 of the `.npz` files beside it: any damage is noticed."""
_DAMAGE = (OSError, ValueError, KeyError, TypeError, AttributeError)
"""What reading a damaged folder raises."""

Arrays = dict[str, np.ndarray]
"""Variables by their path in the network, such as `core/kernel`."""


@dataclass
class RunState:
    """The numbers of a run that go on after a resume.

    Attributes:
        agent_steps: taken so far.
        updates: of the global weights.
        bad_gradients: that were not finite, and not applied.
        late_gradients: whose policy lag was above the run's bound, and that were not applied.
        seconds: of training, resumes included.
        episodes: games ended.
        recent_scores: of the last 100 games, oldest first.
        score_best: best game; None before the first one ended.
        random_states: of each worker's generator.
        is_healthy: false where training was going wrong: gradients were not finite, or weights enormous.
    """

    agent_steps: int = 0
    updates: int = 0
    bad_gradients: int = 0
    late_gradients: int = 0
    seconds: float = 0.0
    episodes: int = 0
    recent_scores: list[float] = field(default_factory=list)
    score_best: float | None = None
    random_states: list[dict[str, Any]] = field(default_factory=list)
    is_healthy: bool = True


@dataclass(frozen=True)
class Checkpoint:
    """Everything a run needs: `optimizer` has one set of arrays a file, such as `momentum`."""

    weights: Arrays
    optimizer: dict[str, Arrays]
    state: RunState


def save_checkpoint(run_dir: Path, checkpoint: Checkpoint) -> None:
    """Writes `checkpoint/` aside, syncs and renames it; the one that was there becomes `checkpoint.previous/`.

    One that is not healthy never takes the place of the last healthy one.

    Raises:
        UserError: it could not be written, on a full disk for one; the checkpoint that was there is untouched.
    """
    keeps_previous = not checkpoint.state.is_healthy and not _is_healthy(run_dir / CHECKPOINT)
    with replaced_folder(run_dir / CHECKPOINT, None if keeps_previous else run_dir / PREVIOUS) as folder:
        _write(folder, {WEIGHTS: checkpoint.weights, **checkpoint.optimizer}, checkpoint.state)


def load_checkpoint(run_dir: Path) -> tuple[Checkpoint | None, str]:
    """Reads the newest checkpoint that is whole and healthy; one that is not healthy where there is no other.

    Args:
        run_dir: of the run.

    Returns:
        the checkpoint, None where there is none, and a line about what was wrong with a newer one, or "".

    Raises:
        UserError: there are checkpoints, and all of them are damaged.
    """
    problems: list[str] = []
    ill: Checkpoint | None = None
    for name in (CHECKPOINT, PREVIOUS):
        folder = run_dir / name
        if not folder.is_dir():
            continue
        try:
            checkpoint = _read(folder)
        except _DAMAGE as error:
            problems.append(f"{folder} is damaged ({type(error).__name__}: {error})")
            continue
        if not checkpoint.state.is_healthy:
            steps = f"{checkpoint.state.agent_steps:,} agent steps"
            problems.append(f"training was going wrong in {folder}, {steps}; a lower learning_rate may help")
            ill = ill or checkpoint
            continue
        if problems:
            problems.append(f"going on from {folder}, {checkpoint.state.agent_steps:,} agent steps")
        return checkpoint, "; ".join(problems)
    if ill:
        return ill, "; ".join(problems)
    if problems:
        raise UserError(f"expected a checkpoint that can be read, but {' and '.join(problems)}; --fresh starts anew")
    return None, ""


def save_best(run_dir: Path, weights: Arrays, state: RunState) -> None:
    """Writes `best/`: the weights that a run ends with, once its budget is used."""
    with replaced_folder(run_dir / BEST) as folder:
        _write(folder, {WEIGHTS: weights}, state)


def load_weights(run_dir: Path) -> tuple[Arrays, RunState]:
    """Reads the weights a run is judged by: `best/` where it has come to its end, else the newest checkpoint.

    Raises:
        UserError: the run has neither.
    """
    if (run_dir / BEST).is_dir():
        try:
            best = _read(run_dir / BEST)
            return best.weights, best.state
        except _DAMAGE as error:
            raise UserError(f"expected weights in {run_dir / BEST}, but they are damaged: {error}") from error
    checkpoint, _ = load_checkpoint(run_dir)
    if checkpoint is None:
        raise UserError(f"expected a checkpoint in {run_dir}, but the run has not saved one yet")
    return checkpoint.weights, checkpoint.state


def saved_steps(run_dir: Path) -> int | None:
    """Returns the agent steps of what `load_weights` reads, without reading it; None where the run has saved nothing.

    Damage is not looked for.
    """
    for name in (BEST, CHECKPOINT, PREVIOUS):
        try:
            return int(json.loads((run_dir / name / _STATE).read_text("utf-8"))["agent_steps"])
        except _DAMAGE:
            continue
    return None


def _write(folder: Path, arrays: dict[str, Arrays], state: RunState) -> None:
    for name, group in arrays.items():
        np.savez(folder / f"{name}.npz", allow_pickle=False, **group)
    digests = {name: _digest(folder / f"{name}.npz") for name in arrays}
    values = {_ARRAYS: digests, **dataclasses.asdict(state)}
    (folder / _STATE).write_text(json.dumps(values, indent=1) + "\n", "utf-8")


def _read(folder: Path) -> Checkpoint:
    values = json.loads((folder / _STATE).read_text("utf-8"))
    digests = values.pop(_ARRAYS)
    for name, digest in digests.items():
        if _digest(folder / f"{name}.npz") != digest:
            raise ValueError(f"{name}.npz is not as it was written")
    arrays = {name: _read_arrays(folder / f"{name}.npz") for name in digests}
    values = {"is_healthy": True, "late_gradients": 0} | values  # of a run from before they were kept, ...
    known = {field.name: values[field.name] for field in dataclasses.fields(RunState)}  # ... which has other fields
    return Checkpoint(arrays.pop(WEIGHTS), arrays, RunState(**known))


def _is_healthy(folder: Path) -> bool:
    """Says whether a checkpoint is one to fall back to; none, or a damaged one, is not."""
    try:
        return bool(json.loads((folder / _STATE).read_text("utf-8")).get("is_healthy", True))
    except _DAMAGE:
        return False


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read_arrays(path: Path) -> Arrays:
    with np.load(path, allow_pickle=False) as arrays:
        return dict(arrays)
