"""What an agent's network is built from, ours or an imported one, as a record and as JSON."""

from typing import Any

import numpy as np

from xdrl.backgrounds import SCREEN_SHAPE, decode_background
from xdrl.config import NetworkConfig, network_config_from_json, network_config_to_json
from xdrl.imported_config import ImportedConfig
from xdrl.nature_config import NatureConfig, nature_config_from_json, nature_config_to_json
from xdrl.own_config import OwnConfig, own_config_from_json, own_config_to_json

AgentConfig = NetworkConfig | NatureConfig | OwnConfig


def agent_config_to_json(config: AgentConfig) -> dict[str, Any]:
    """Returns the record as plain JSON values; `agent_config_from_json` turns them back."""
    if isinstance(config, OwnConfig):
        return own_config_to_json(config)
    return nature_config_to_json(config) if isinstance(config, NatureConfig) else network_config_to_json(config)


def agent_config_from_json(values: dict[str, Any]) -> AgentConfig:
    """Builds the record from what `agent_config_to_json` returned."""
    if "rows" in values:
        return own_config_from_json(values)
    return nature_config_from_json(values) if "head" in values else network_config_from_json(values)


def known_background(config: AgentConfig) -> np.ndarray | None:
    """Returns the background that an agent knows, uint8 [210, 160, 3]; None where it knows none."""
    if isinstance(config, ImportedConfig):
        return None
    background = decode_background(config.background)
    return background if background.shape == SCREEN_SHAPE and background.any() else None
