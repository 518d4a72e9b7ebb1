"""How a game is learned: everything that decides what an agent becomes, but for the game, the network and the seed."""

from dataclasses import dataclass

from xdrl.errors import UserError
from xdrl.schedules import Schedule, constant, linear

SCHEDULED = ("learning_rate", "entropy_cost", "value_cost")
"""Fields of `Recipe` that change over a run."""


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """The numbers of a run. Learning rate and clip were measured on Pong; the rest is the recipe of a public A3C.

    Attributes:
        agent_steps: the run's budget; its schedules are stretched over it.
        rollout_length: agent steps T between two updates of a worker; longer where what an action leads to comes late.
        discount: per agent step.
        gae_lambda: trace parameter of the advantages (Schulman et al. 2016), the best-supported difference of games.
        learning_rate: of Adam; it ends at 0, so that the last weights are the run's best.
        entropy_cost: weight of the policy's entropy in nats; it falls, since a policy that is kept from being sure
            loses points when its actions are drawn.
        value_cost: weight of the half-squared error of the value; less where returns vary so much that the value's
            gradient drowns the policy's.
        reward_clip: rewards are clipped to plus and minus this in the loss (Mnih et al. 2015).
        adam_epsilon: large, which its author reports as a big improvement for A3C.
        gradient_norm_clip: global norm above which gradients are scaled down.
        sticky_probability: chance that the emulator repeats the previous action in training (Machado et al. 2018).
        sticky_share: of every worker's environments, that those sticky actions are for; the others have none.
    """

    agent_steps: int = 10_000_000
    rollout_length: int = 20
    discount: float = 0.99
    gae_lambda: float = 0.95
    learning_rate: Schedule = linear((0, 3.75e-4), (1, 0))
    entropy_cost: Schedule = linear((0, 0.01), (1, 0.001))
    value_cost: Schedule = constant(0.5)
    reward_clip: float = 1.0
    adam_epsilon: float = 1e-3
    gradient_norm_clip: float = 40.0
    sticky_probability: float = 0.0
    sticky_share: float = 1.0

    def __post_init__(self) -> None:
        """Raises UserError where a number makes no sense."""
        for name in ("agent_steps", "rollout_length"):
            self.require(name, getattr(self, name) >= 1, "at least 1")
        for name in ("discount", "gae_lambda", "sticky_probability", "sticky_share"):
            self.require(name, 0 <= getattr(self, name) <= 1, "between 0 and 1")
        for name in ("reward_clip", "adam_epsilon", "gradient_norm_clip"):
            self.require(name, getattr(self, name) > 0, "above 0")
        for name in SCHEDULED:
            self.require(name, getattr(self, name).lowest >= 0, "at least 0")

    def require(self, name: str, is_valid: bool, expected: str) -> None:
        """Raises UserError, naming the field, where it is not valid."""
        if not is_valid:
            raise UserError(f"expected {name} {expected}, got {getattr(self, name)}")

    def progress(self, agent_steps: int) -> float:
        """Returns how much of the budget is used, between 0 and 1, which is where the schedules stand."""
        return min(agent_steps / self.agent_steps, 1.0)
