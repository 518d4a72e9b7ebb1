"""Which exported agents there are, read from their folders alone: nothing is loaded."""

import json
from pathlib import Path
from typing import Any

from xdrl.errors import UserError
from xdrl.storage.files import replace_file

SAVED_MODELS = Path("saved_models")
"""The agents that a clone ships, and those that were promoted, in the folder in which one stands."""
EXPORTED_MODELS = Path("exported_models")
"""Where agents are exported to; nothing in it is shipped."""
_PACKAGE = Path(__file__).parents[1]
AGENT_JSON = Path("assets.extra") / "agent.json"
PROGRESS_CSV = Path("assets.extra") / "progress.csv"
"""The learning curve of the run that an agent was exported from, up to the agent."""


def all_versions(folder: Path) -> list[Path]:
    """Returns the SavedModels in a folder, the one with the highest number first."""
    versions = [path.parent for path in folder.glob("*/saved_model.pb") if path.parent.name.isdigit()]
    return sorted(versions, key=lambda version: int(version.name), reverse=True)


def highest_version(folder: Path) -> Path | None:
    """Returns the SavedModel with the highest number in a folder, None where there is none."""
    return next(iter(all_versions(folder)), None)


def shipped_folder() -> Path:
    """Returns the folder of the agents that come with the code: within the package, or beside it in a clone."""
    within = _PACKAGE / SAVED_MODELS
    return within if within.is_dir() else _PACKAGE.parent / SAVED_MODELS


def shipped_agents(saved_models: Path | None = None) -> dict[str, Path]:
    """Returns the highest version of every exported agent, by game.

    Args:
        saved_models: folder of the agents; None takes `saved_models` where one stands, and for every other game the
            agent that comes with the code.
    """
    if saved_models is None:
        return dict(sorted((shipped_agents(shipped_folder()) | shipped_agents(SAVED_MODELS)).items()))
    folders = sorted(saved_models.iterdir()) if saved_models.is_dir() else []
    versions = {folder.name: highest_version(folder) for folder in folders if folder.is_dir()}
    return {name: version for name, version in versions.items() if version and (version / AGENT_JSON).exists()}


def read_evaluations(values: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Returns the evaluations that an `agent.json` has, by protocol; older ones have one at most."""
    if "evaluations" in values:
        return dict(values["evaluations"])
    record = values["evaluation"]
    return {record["protocol"]: record} if record else {}


def read_agent_json(version: Path) -> dict[str, Any]:
    """Reads what an export says of itself.

    Raises:
        UserError: it cannot be read.
    """
    try:
        values = json.loads((version / AGENT_JSON).read_text("utf-8"))
        return {"training": values["training"], **values}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(f"expected an exported agent in {version}, but {AGENT_JSON} cannot be read: {error}") from error


def update_agent_json(version: Path, **fields: Any) -> None:
    """Has an export say more of itself, or something else; all other fields stay, in their order.

    Raises:
        UserError: it cannot be read or written.
    """
    read_agent_json(version)
    values = json.loads((version / AGENT_JSON).read_text("utf-8"))
    replace_file(version / AGENT_JSON, json.dumps(values | fields, indent=1) + "\n")
