"""What fixes an agent that another library trained, whatever its network: its heads, what it sees, how it plays."""

from dataclasses import dataclass

from xdrl.errors import UserError

POLICY, ACTION_VALUES, QUANTILES, ATOMS = "policy", "action values", "quantiles", "atoms"
HEADS = (POLICY, ACTION_VALUES, QUANTILES, ATOMS)
ZEROS, FIRST_SCREEN = "zeros", "first screen"
PADDINGS = (ZEROS, FIRST_SCREEN)
MOST_FRAMES, MOST_ACTIONS, MOST_ATOMS = 16, 18, 1024
"""Of anything that a file can ask for: a few bytes of JSON must not ask for gigabytes."""


@dataclass(frozen=True)
class ImportedConfig:
    """What all imported agents have.

    Attributes:
        kind: the library and the algorithm that trained it, such as `stable-baselines3 PPO`.
        action_names: the game's actions in the emulator's order.
        head: what it ends in: `policy` (logits, and the value of the screen), `action values`, `quantiles` of them, or
            `atoms`, a distribution over fixed ones.
        frames: screens that it sees at once.
        padding: what stands for the screens before a game: `zeros`, or the `first screen`.
        gray_first: whether a screen becomes gray before it is made smaller; else it becomes so after.
        support: how many atoms or quantiles there are, the lowest and the highest atom; zeros for other heads.
        protocol: how it was taught to play, of `xdrl.environments.PROTOCOL_NAMES`.
        epsilon: share of random actions that it is meant to play with; 0 for a policy, whose actions are drawn.
        greedy: whether the library's own evaluation takes the best actions; else it plays as above.
    """

    kind: str
    action_names: tuple[str, ...]
    head: str
    frames: int = 4
    padding: str = ZEROS
    gray_first: bool = True
    support: tuple[int, float, float] = (0, 0.0, 0.0)
    protocol: str = "sb3"
    epsilon: float = 0.0
    greedy: bool = True

    def __post_init__(self) -> None:
        """Raises UserError where a number or a word makes no sense."""
        self._require("head", self.head in HEADS, f"one of {', '.join(HEADS)}")
        self._require("padding", self.padding in PADDINGS, f"one of {', '.join(PADDINGS)}")
        self._require("action_names", 1 <= self.num_actions <= MOST_ACTIONS, f"1 to {MOST_ACTIONS} names")
        self._require("frames", 1 <= self.frames <= MOST_FRAMES, f"1 to {MOST_FRAMES}")
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

    @property
    def each(self) -> int:
        """Outputs of the head for each action: 1, or so many quantiles or atoms."""
        return self.support[0] if self.head in (QUANTILES, ATOMS) else 1

    def _require(self, name: str, is_fine: bool, expected: str) -> None:
        if not is_fine:
            raise UserError(f"expected {name} to be {expected}, got {getattr(self, name)!r}")
