"""What fixes a network that another library trained: the Nature network of Mnih et al. 2015 and what stands on it."""

import dataclasses
from dataclasses import dataclass
from typing import Any

from xdrl.errors import UserError

POLICY, ACTION_VALUES, QUANTILES, ATOMS = "policy", "action values", "quantiles", "atoms"
HEADS = (POLICY, ACTION_VALUES, QUANTILES, ATOMS)
ZEROS, FIRST_SCREEN = "zeros", "first screen"
PADDINGS = (ZEROS, FIRST_SCREEN)
NO_CRITIC_CORE, OWN, SHARED, DENSE = "", "own", "shared", "dense"
CRITIC_CORES = (NO_CRITIC_CORE, OWN, SHARED, DENSE)
MOST_FRAMES, MOST_ACTIONS, MOST_UNITS, MOST_ATOMS = 16, 18, 8192, 1024
"""Of anything that a file can ask for: a few bytes of JSON must not ask for gigabytes."""


@dataclass(frozen=True)
class NatureConfig:
    """Everything that an imported network is built from.

    Attributes:
        kind: the library and the algorithm that trained it, such as `stable-baselines3 PPO`.
        action_names: the game's actions in the emulator's order.
        head: what it ends in: `policy` (logits, and the value of the screen), `action values`, `quantiles` of them, or
            `atoms`, a distribution over fixed ones.
        features: units of the hidden layer behind the convolutions.
        frames: screens that it sees at once.
        padding: what stands for the screens before a game: `zeros`, or the `first screen`.
        gray_first: whether a screen becomes gray before it is made smaller; else it becomes so after.
        core_units: of the recurrent core; 0 for none.
        critic_core: where there is a core, what the critic has: `own`, `shared`, or a `dense` layer.
        support: how many atoms or quantiles there are, the lowest and the highest atom; zeros for other heads.
        protocol: how it was taught to play, of `xdrl.environments.PROTOCOL_NAMES`.
        epsilon: share of random actions that it is meant to play with; 0 for a policy, whose actions are drawn.
        greedy: whether the library's own evaluation takes the best actions; else it plays as above.
    """

    kind: str
    action_names: tuple[str, ...]
    head: str
    features: int = 512
    frames: int = 4
    padding: str = ZEROS
    gray_first: bool = True
    core_units: int = 0
    critic_core: str = NO_CRITIC_CORE
    support: tuple[int, float, float] = (0, 0.0, 0.0)
    protocol: str = "sb3"
    epsilon: float = 0.0
    greedy: bool = True

    def __post_init__(self) -> None:
        """Raises UserError where a number or a word makes no sense."""
        self._require("head", self.head in HEADS, f"one of {', '.join(HEADS)}")
        self._require("padding", self.padding in PADDINGS, f"one of {', '.join(PADDINGS)}")
        self._require("critic_core", self.critic_core in CRITIC_CORES, f"one of {', '.join(CRITIC_CORES[1:])}")
        self._require("action_names", 1 <= self.num_actions <= MOST_ACTIONS, f"1 to {MOST_ACTIONS} names")
        self._require("frames", 1 <= self.frames <= MOST_FRAMES, f"1 to {MOST_FRAMES}")
        self._require("features", 1 <= self.features <= MOST_UNITS, f"1 to {MOST_UNITS}")
        self._require("core_units", 0 <= self.core_units <= MOST_UNITS, f"0 to {MOST_UNITS}")
        self._require("support", 0 <= self.support[0] <= MOST_ATOMS, f"at most {MOST_ATOMS} atoms")
        self._require("epsilon", 0 <= self.epsilon <= 1, "0 to 1")

    @property
    def num_actions(self) -> int:
        """Number of actions, A."""
        return len(self.action_names)

    @property
    def judges_actions(self) -> bool:
        """Whether it gives a value to each action, and no policy."""
        return self.head != POLICY

    def _require(self, name: str, is_fine: bool, expected: str) -> None:
        if not is_fine:
            raise UserError(f"expected {name} to be {expected}, got {getattr(self, name)!r}")


def nature_config_to_json(config: NatureConfig) -> dict[str, Any]:
    """Returns the record as plain JSON values; `nature_config_from_json` turns them back."""
    return dataclasses.asdict(config)


def nature_config_from_json(values: dict[str, Any]) -> NatureConfig:
    """Builds the record from what `nature_config_to_json` returned."""
    atoms, lowest, highest = values["support"]
    support = (int(atoms), float(lowest), float(highest))
    return NatureConfig(**values | {"action_names": tuple(values["action_names"]), "support": support})
