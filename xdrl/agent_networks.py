"""What an agent needs of its network, whoever trained it; evaluation, pictures and serving depend on nothing else."""

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import keras

from xdrl.agent_configs import AgentConfig
from xdrl.games import Crop
from xdrl.memories import Parts
from xdrl.preprocessing import Box


class Outputs(NamedTuple):
    """What a network makes of N screens.

    Attributes:
        logits: float32 [N, A]; Q-values where the critic judges actions.
        values: float32 [N].
        memory: its parts, to hand back with the next screens.
    """

    logits: Any
    values: Any
    memory: tuple[Any, ...]


class AgentNetwork(Protocol):
    """A network that decides on screens, in the steps that explanations need; backend operations throughout."""

    @property
    def config(self) -> AgentConfig:
        """What it is built from, its actions' names included."""

    @property
    def memory_parts(self) -> Parts:
        """What it carries from screen to screen."""

    @property
    def crop(self) -> Crop:
        """The rows of the screen that it sees."""

    @property
    def heatmap_box(self) -> Box:
        """The part of the screen that the feature map stands for."""

    @property
    def observation_box(self) -> Box:
        """The part of the screen that the observation stands for."""

    @property
    def weights(self) -> Sequence[keras.Variable]:
        """The weights in a fixed order, from the first layer to the heads."""

    @property
    def heads(self) -> frozenset[str]:
        """Names of the layers that give logits and value."""

    @property
    def torso(self) -> keras.Model:
        """The layers up to the feature map, the last convolution after its ReLU."""

    @property
    def readout(self) -> keras.Model:
        """The layers from the feature map to the features."""

    @property
    def core_size(self) -> int:
        """Units of the recurrent core; 0 where there is none."""

    def observe(self, screens: Any, memory: Sequence[Any]) -> tuple[Any, tuple[Any, ...]]:
        """Takes screens in.

        Args:
            screens: uint8 [N, 210, 160, 3], RGB.
            memory: its parts, with which they are seen.

        Returns:
            the observation, float32 [N, H, W, C], and the memory that `conclude` takes.
        """

    def extract(self, observation: Any) -> Any:
        """Computes the feature map, float32 [N, h, w, K]."""

    def conclude(self, feature_map: Any, memory: Sequence[Any]) -> Outputs:
        """Decides on a feature map, with the memory that `observe` returned."""

    def weigh_actions(self, logits: Any) -> Any:
        """Returns the probabilities with which the actions are meant to be drawn, float32 [N, A]."""


def take_step(network: AgentNetwork, screens: Any, memory: Sequence[Any]) -> Outputs:
    """Decides on screens, uint8 [N, 210, 160, 3], seen with a memory."""
    observation, kept = network.observe(screens, memory)
    return network.conclude(network.extract(observation), kept)
