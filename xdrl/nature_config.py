"""What fixes a network that another library trained: the Nature network of Mnih et al. 2015 and what stands on it."""

import dataclasses
from dataclasses import dataclass
from typing import Any

from xdrl.imported_config import ImportedConfig

NO_CRITIC_CORE, OWN, SHARED, DENSE = "", "own", "shared", "dense"
CRITIC_CORES = (NO_CRITIC_CORE, OWN, SHARED, DENSE)
MOST_UNITS = 8192
"""Of a layer that a file asks for."""


@dataclass(frozen=True)
class NatureConfig(ImportedConfig):
    """Everything that such a network is built from.

    Attributes:
        features: units of the hidden layer behind the convolutions.
        core_units: of the recurrent core; 0 for none.
        critic_core: where there is a core, what the critic has: `own`, `shared`, or a `dense` layer.
    """

    features: int = 512
    core_units: int = 0
    critic_core: str = NO_CRITIC_CORE

    def __post_init__(self) -> None:
        """Raises UserError where a number or a word makes no sense."""
        super().__post_init__()
        self._require("critic_core", self.critic_core in CRITIC_CORES, f"one of {', '.join(CRITIC_CORES[1:])}")
        self._require("features", 1 <= self.features <= MOST_UNITS, f"1 to {MOST_UNITS}")
        self._require("core_units", 0 <= self.core_units <= MOST_UNITS, f"0 to {MOST_UNITS}")


def nature_config_to_json(config: NatureConfig) -> dict[str, Any]:
    """Returns the record as plain JSON values; `nature_config_from_json` turns them back."""
    return dataclasses.asdict(config)


def nature_config_from_json(values: dict[str, Any]) -> NatureConfig:
    """Builds the record from what `nature_config_to_json` returned."""
    atoms, lowest, highest = values["support"]
    support = (int(atoms), float(lowest), float(highest))
    return NatureConfig(**values | {"action_names": tuple(values["action_names"]), "support": support})
