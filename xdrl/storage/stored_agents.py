"""An agent on disk, a run, a weights file or a SavedModel, becomes arrays and what they belong to."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from xdrl.agent_configs import AgentConfig, agent_config_from_json
from xdrl.config import (
    FRAMES_PER_STEP,
    TrainingConfig,
    load_run_config,
    training_config_from_json,
)
from xdrl.errors import UserError
from xdrl.games import ALL_ACTIONS, Game, find_game
from xdrl.imported_config import ImportedConfig
from xdrl.storage.checkpoints import Arrays, load_weights
from xdrl.storage.histories import History, history_from_json, read_history
from xdrl.storage.imported_agents import AGENT_FILE, is_imported
from xdrl.storage.progress import PROGRESS
from xdrl.storage.runs import CONFIG, is_run, load_evaluations
from xdrl.storage.saved_models import AGENT_JSON, PROGRESS_CSV, highest_version, read_agent_json, read_evaluations
from xdrl.storage.weights_files import WeightsFile, read_weights_file, write_weights_file


@dataclass(frozen=True)
class Provenance:
    """Where an agent comes from.

    Attributes:
        source: its folder or file.
        agent_steps: that it was trained for, all runs together.
        seconds: of training.
        evaluations: the records of its last evaluation under each protocol, as far as it has any.
        training: how it was trained; None where that is not known.
        history: the calls of `train` that made it, as far as they are known.
        claims: what the truth tests found of its maps, if it was exported with that.
        league: what a league of methods found, in the same way: `xdrl.trust.known` reads it.
    """

    source: Path
    agent_steps: int
    seconds: float
    evaluations: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    training: TrainingConfig | None = None
    history: History = ()
    claims: Sequence[dict[str, Any]] = ()
    league: Mapping[str, Any] = field(default_factory=dict)

    @property
    def frames(self) -> int:
        """Emulator frames it was trained on."""
        return self.agent_steps * FRAMES_PER_STEP


@dataclass(frozen=True)
class StoredAgent:
    """An agent as it is stored: nothing has been built from it."""

    game: Game
    network: AgentConfig
    weights: Arrays
    provenance: Provenance


def describe_provenance(network: AgentConfig, provenance: Provenance) -> list[tuple[str, str]]:
    """Says where an agent comes from and how well it plays, name and text in pairs."""
    evaluations = (
        f"{record['mean']:g} points over {record['num_episodes']} whole games, {protocol} protocol"
        for protocol, record in provenance.evaluations.items()
    )
    return [
        ("Agent", provenance.source.as_posix()),
        ("Network", network.kind),
        ("Trained for", f"{provenance.agent_steps:,} agent steps ({provenance.frames:,} frames)"),
        *(("Evaluated at", text) for text in evaluations),
    ]


def read_agent(path: Path) -> StoredAgent:
    """Reads an agent.

    Args:
        path: a run's folder, an imported agent's, a weights file, a SavedModel's folder (its highest version) or one
            version of it.

    Raises:
        UserError: there is no agent, or a damaged one, or it takes a TensorFlow that is not installed to read it.
    """
    if is_run(path):
        training, network = load_run_config(path / CONFIG)
        weights, state = load_weights(path)
        evaluations = load_evaluations(path, state.agent_steps)
        provenance = Provenance(path, state.agent_steps, state.seconds, evaluations, training, read_history(path))
        return StoredAgent(find_game(training.game), network, weights, provenance)
    if path.is_file() or is_imported(path):
        file = read_weights_file(path if path.is_file() else path / AGENT_FILE)
        evaluations = {} if path.is_file() else load_evaluations(path, file.agent_steps)
        provenance = Provenance(path, file.agent_steps, file.seconds, evaluations)
        return StoredAgent(_find_game(file.game, file.network), file.network, file.weights, provenance)
    return _read_saved_model(_find_version(path))


def read_identity(path: Path) -> tuple[Game, AgentConfig]:
    """Reads which game an agent plays, and with which network; an exported agent's without TensorFlow.

    Raises:
        UserError: there is no agent, or one that does not say.
    """
    if is_run(path):
        training, network = load_run_config(path / CONFIG)
        return find_game(training.game), network
    if path.is_file() or is_imported(path):
        file = read_weights_file(path if path.is_file() else path / AGENT_FILE)
        return _find_game(file.game, file.network), file.network
    version = _find_version(path)
    values = read_agent_json(version)
    try:
        config = agent_config_from_json(values["network"])
        return _find_game(values["game"], config), config
    except (LookupError, TypeError, ValueError) as error:
        raise UserError(f"expected an exported agent in {version}, but it cannot be read: {error}") from error


def read_making(path: Path) -> tuple[TrainingConfig | None, History]:
    """Reads how an agent was made, without its weights: its settings, None where it does not say, and its history.

    Raises:
        UserError: there is neither a run nor an exported agent.
    """
    if is_run(path):
        return load_run_config(path / CONFIG)[0], read_history(path)
    version = highest_version(path) or path
    if not (version / AGENT_JSON).exists():
        raise UserError(f"expected a run or an exported agent in {path}, got {_describe(path)}")
    provenance = _read_provenance(version, read_agent_json(version))
    return provenance.training, provenance.history


def find_log(source: Path) -> Path | None:
    """Finds the learning curve of an agent, the `progress.csv` of its run or of its export; None where it has none."""
    log = source / (PROGRESS if is_run(source) else PROGRESS_CSV)
    return log if log.is_file() else None


def needs_tensorflow(path: Path) -> bool:
    """Says whether it takes TensorFlow to read what is at a path: only a SavedModel does."""
    return not is_run(path) and ((path / AGENT_JSON).exists() or highest_version(path) is not None)


def write_weights(agent: StoredAgent, path: Path) -> None:
    """Writes an agent as a weights file.

    Raises:
        UserError: it could not be written.
    """
    steps, seconds = agent.provenance.agent_steps, agent.provenance.seconds
    write_weights_file(path, WeightsFile(agent.game.name, agent.network, steps, seconds, agent.weights))


def _find_game(name: str, network: AgentConfig) -> Game:
    """Finds an agent's game; one that another library trained with all actions plays with all of them."""
    has_all_actions = isinstance(network, ImportedConfig) and network.action_names == ALL_ACTIONS
    return dataclasses.replace(find_game(name), has_all_actions=has_all_actions)


def _find_version(path: Path) -> Path:
    version = highest_version(path) or path
    if not (version / AGENT_JSON).exists():
        raise UserError(f"expected a run, an exported agent or a weights file in {path}, got {_describe(path)}")
    return version


def _read_saved_model(version: Path) -> StoredAgent:
    try:
        from xdrl.storage.saved_variables import read_variables
    except ModuleNotFoundError as error:
        raise UserError(
            f"expected TensorFlow to read the SavedModel {version}, but it is not installed; where it is, "
            f"`export {version.parent.name} --run-dir {version} --weights FILE.npz` writes a file that needs none"
        ) from error
    values = read_agent_json(version)
    try:
        network = agent_config_from_json(values["network"])
        weights = read_variables(version, values["variables"])
        provenance = _read_provenance(version, values)
        return StoredAgent(_find_game(values["game"], network), network, weights, provenance)
    except (OSError, ValueError, LookupError, TypeError, RuntimeError) as error:
        raise UserError(f"expected an exported agent in {version}, but it cannot be read: {error}") from error


def _read_provenance(version: Path, values: dict[str, Any]) -> Provenance:
    training = values["training"]
    configuration, history = training.get("configuration"), training.get("history", [])
    return Provenance(
        version,
        training["agent_steps"],
        training["seconds"],
        read_evaluations(values),
        configuration and training_config_from_json(configuration),
        history_from_json(history),
        values.get("claims", ()),
        values.get("league", {}),
    )


def _describe(folder: Path) -> str:
    if not folder.exists():
        return "no such folder"
    names = sorted(path.name for path in folder.iterdir())
    return ", ".join(names[:5]) or "an empty folder"
