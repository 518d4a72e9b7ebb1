"""The weights file: an agent's weights and what they belong to in one `.npz`, which numpy alone can read.

`numpy.load(path)` gives every weight by its path in the network, such as `core/kernel`, and under `agent` the
description as JSON text: game, network, agent_steps, seconds.
"""

import json
import zipfile
from pathlib import Path
from typing import NamedTuple

import numpy as np

from xdrl.agent_configs import AgentConfig, agent_config_from_json, agent_config_to_json
from xdrl.errors import UserError
from xdrl.storage.files import replaced_file

_DESCRIPTION = "agent"
"""No weight has this path: theirs name a layer and a weight of it."""
_DAMAGE = (OSError, ValueError, LookupError, TypeError, AttributeError, EOFError, zipfile.BadZipFile, UserError)
"""What reading a file of another kind, or a damaged one, raises."""


class WeightsFile(NamedTuple):
    """What a weights file holds.

    Attributes:
        game: CamelCase name.
        network: that the weights fit.
        agent_steps: that the agent was trained for.
        seconds: of training.
        weights: float32 arrays by path.
    """

    game: str
    network: AgentConfig
    agent_steps: int
    seconds: float
    weights: dict[str, np.ndarray]


def write_weights_file(path: Path, content: WeightsFile) -> None:
    """Writes a weights file, whole or not at all.

    Raises:
        UserError: it could not be written.
    """
    description = {
        "game": content.game,
        "network": agent_config_to_json(content.network),
        "agent_steps": content.agent_steps,
        "seconds": round(content.seconds, 1),
    }
    arrays = {**content.weights, _DESCRIPTION: np.array(json.dumps(description))}
    with replaced_file(path) as aside, aside.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)


def read_weights_file(path: Path) -> WeightsFile:
    """Reads a weights file.

    Raises:
        UserError: it is a file of another kind, or damaged.
    """
    try:
        if not zipfile.is_zipfile(path):
            raise ValueError("no .npz")
        with np.load(path, allow_pickle=False) as file:
            arrays = dict(file)
        if _DESCRIPTION not in arrays:
            raise ValueError(f"an .npz without the description {_DESCRIPTION}")
        values = json.loads(str(arrays.pop(_DESCRIPTION)))
        network = agent_config_from_json(values["network"])
        return WeightsFile(values["game"], network, int(values["agent_steps"]), float(values["seconds"]), arrays)
    except _DAMAGE as error:
        raise UserError(
            f"expected a weights file, as `export --weights` writes it, in {path}, but it cannot be read: {error}"
        ) from error
