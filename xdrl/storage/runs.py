"""A run's folder: what is in it, opening it anew or where it stopped, one process at a time."""

import dataclasses
import itertools
import json
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from xdrl.config import NetworkConfig, TrainingConfig, load_run_config
from xdrl.errors import UserError
from xdrl.games import Game
from xdrl.storage.checkpoints import Arrays, Checkpoint, RunState, load_checkpoint
from xdrl.storage.files import save_json
from xdrl.storage.histories import History, read_history
from xdrl.storage.locks import try_lock

RUNS = Path("runs")
CONFIG = "config.json"
EVALUATIONS = "evaluations.json"
FIXED_AT_START = ("game", "network", "seed", "sticky_probability", "sticky_share")
"""Settings that a resumed run cannot change."""


@dataclass(frozen=True)
class Run:
    """What a call of `train` starts from.

    Attributes:
        run_dir: where configuration, checkpoints and logs go.
        training: the run's configuration, with what may change on a resume changed.
        network: its network's configuration.
        checkpoint: to go on from; None for a run that has saved none.
        first_weights: of another agent, that a new run starts from; None for fresh ones.
        first_state: a new run's numbers to count on from: that agent's agent steps and seconds.
        first_log: that agent's `progress.csv`, which a new run's goes on from; None where there is none.
        history: the calls of `train` that made it.
        earlier_budget: agent steps that the run had as its budget before this call; None for a new run.
        notice: a line about a damaged checkpoint, or "".
    """

    run_dir: Path
    training: TrainingConfig
    network: NetworkConfig
    checkpoint: Checkpoint | None = None
    first_weights: Arrays | None = None
    first_state: RunState = field(default_factory=RunState)
    first_log: Path | None = None
    history: History = ()
    earlier_budget: int | None = None
    notice: str = ""

    @property
    def agent_steps(self) -> int:
        """Agent steps that the run stands at."""
        return (self.checkpoint.state if self.checkpoint else self.first_state).agent_steps

    @property
    def is_finished(self) -> bool:
        """Says whether the budget is used."""
        return self.agent_steps >= self.training.agent_steps


def is_run(folder: Path) -> bool:
    """Says whether a folder holds a training run."""
    return (folder / CONFIG).exists()


def open_run(run_dir: Path, game: Game, settings: Mapping[str, Any]) -> Run | None:
    """Reads the run in a folder.

    Args:
        run_dir: the folder.
        game: that is to be trained.
        settings: fields of `TrainingConfig` that were asked for.

    Returns:
        the run, or None where the folder holds none.

    Raises:
        UserError: the folder holds a run of another game, network, seed or stickiness, or cannot be read.
    """
    if not is_run(run_dir):
        if run_dir.is_dir() and any(path for path in run_dir.iterdir() if not path.name.startswith(".")):
            raise UserError(f"expected an empty folder or a run in {run_dir}, got other files; name another --run-dir")
        return None
    training, network = load_run_config(run_dir / CONFIG)
    asked = {"game": game.name, **settings}
    for name in FIXED_AT_START:
        if name in asked and asked[name] != getattr(training, name):
            raise UserError(
                f"{run_dir} holds a run of {name} {getattr(training, name)}, and {asked[name]} was asked for; "
                "name another --run-dir, or --fresh to put this one aside"
            )
    checkpoint, notice = load_checkpoint(run_dir)
    return Run(
        run_dir,
        dataclasses.replace(training, **asked),
        network,
        checkpoint,
        history=read_history(run_dir),
        earlier_budget=training.agent_steps,
        notice=notice,
    )


def load_evaluations(run_dir: Path, agent_steps: int | None = None) -> dict[str, dict[str, Any]]:
    """Returns the records of a run's last evaluation under each protocol; none where they cannot be read.

    Args:
        run_dir: of the run.
        agent_steps: of the weights that they must be of; None for any.
    """
    try:
        records = json.loads((run_dir / EVALUATIONS).read_text("utf-8"))
        return {name: record for name, record in records.items() if agent_steps in (None, record["agent_steps"])}
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return {}


def save_evaluation(run_dir: Path, record: dict[str, Any]) -> Path:
    """Keeps the record of an evaluation beside those of the same weights under other protocols; returns the file."""
    records = load_evaluations(run_dir, record["agent_steps"]) | {record["protocol"]: record}
    save_json(run_dir / EVALUATIONS, records)
    return run_dir / EVALUATIONS


def put_aside(run_dir: Path) -> Path | None:
    """Renames a run's folder so that a fresh one can take its place; returns its new name, None if there was none.

    Raises:
        UserError: another process trains there.
    """
    if not run_dir.exists():
        return None
    name = f"{run_dir.name}.{time.strftime('%Y%m%d-%H%M%S')}"
    names = (name if count == 1 else f"{name}-{count}" for count in itertools.count(1))
    aside = next(path for path in map(run_dir.with_name, names) if not path.exists())
    with locked(run_dir):
        if sys.platform != "win32":
            run_dir.rename(aside)
            return aside
    run_dir.rename(aside)  # Windows renames no folder in which a file is open, be it the lock
    return aside


@contextmanager
def locked(run_dir: Path) -> Iterator[None]:
    """Keeps a second process out of a run's folder.

    Raises:
        UserError: another process trains there, or nothing can be written there.
    """
    try:
        run_dir.mkdir(parents=True, exist_ok=True)
        lock = (run_dir / ".lock").open("ab")
    except OSError as error:
        raise UserError(
            f"expected a folder to train in, but {run_dir} cannot be written: {error.strerror or error}"
        ) from error
    with lock as file:
        if not try_lock(file):
            raise UserError(f"another process is training in {run_dir}; wait for it, or name another --run-dir")
        yield
