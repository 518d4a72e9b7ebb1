"""The Nature network of Mnih et al. 2015, for agents that other libraries trained: policies and action values."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
from keras import layers, ops

from xdrl.agent_networks import Outputs
from xdrl.cores import LSTMCore
from xdrl.games import Crop
from xdrl.imported_config import POLICY
from xdrl.imported_networks import read_head, stack_parts, stack_screens, weigh_actions
from xdrl.memories import Part, Parts
from xdrl.nature_config import DENSE, OWN, NatureConfig
from xdrl.networks import map_grid
from xdrl.preprocessing import Box, MapGrid, crop_box, heatmap_box
from xdrl.warping import WARPED_SIZE, WHOLE_SCREEN, WarpedScreen

CONVOLUTIONS = ((32, 8, 4), (64, 4, 2), (64, 3, 1))
"""Channels, kernel and stride of each."""


@dataclass(frozen=True)
class NatureNetwork:
    """One imported network; `AgentNetwork` says what each part is for.

    Attributes:
        config: what it was built from.
        warp: screens to uint8 [N, 84, 84, 1].
        torso: observation float32 [N, 84, 84, frames] to the feature map [N, 7, 7, 64].
        readout: feature map to features [N, F].
        action_head: to logits [N, A], Q-values [N, A], or their quantiles or atoms, flat.
        value_head: to the value [N, 1]; None where the actions' values say it.
        core: of the policy; None without one.
        critic: what stands before the value head, where there is a core; None for the policy's own core.
        map_grid: where the feature map's cells lie on the observation.
    """

    config: NatureConfig
    warp: WarpedScreen
    torso: keras.Model
    readout: keras.Model
    action_head: layers.Dense
    value_head: layers.Dense | None
    core: LSTMCore | None
    critic: LSTMCore | layers.Dense | None
    map_grid: MapGrid

    @property
    def memory_parts(self) -> Parts:
        """The last screens, whether there have been any, and the states of the cores, as far as it has them."""
        config = self.config
        names = ["h", "c"] * bool(config.core_units) + ["critic_h", "critic_c"] * (config.critic_core == OWN)
        return {**stack_parts(config, self.warp), **{name: Part((config.core_units,), "float32") for name in names}}

    @property
    def crop(self) -> Crop:
        """The rows of the screen that it sees: all."""
        return WHOLE_SCREEN

    @property
    def heatmap_box(self) -> Box:
        """The part of the screen that the feature map stands for."""
        return heatmap_box(WHOLE_SCREEN, self.map_grid, WARPED_SIZE)

    @property
    def observation_box(self) -> Box:
        """The part of the screen that the observation stands for: all."""
        return crop_box(WHOLE_SCREEN)

    @property
    def weights(self) -> list[keras.Variable]:
        """The weights, from the first convolution to the heads."""
        parts = (self.torso, self.readout, self.core, self.critic, self.action_head, self.value_head)
        return [weight for part in parts if part is not None for weight in part.trainable_weights]

    @property
    def heads(self) -> frozenset[str]:
        """Names of the layers that give logits and value."""
        return frozenset(head.name for head in (self.action_head, self.value_head) if head is not None)

    @property
    def core_size(self) -> int:
        """Units of the recurrent core; 0 where there is none."""
        return self.config.core_units

    def observe(self, screens: Any, memory: Sequence[Any]) -> tuple[Any, tuple[Any, ...]]:
        """Takes screens in, as `AgentNetwork.observe` says; the oldest of the last screens is forgotten."""
        return stack_screens(self.config, self.warp, screens, memory)

    def extract(self, observation: Any) -> Any:
        """Computes the feature map, float32 [N, 7, 7, 64]."""
        return self.torso(observation)

    def conclude(self, feature_map: Any, memory: Sequence[Any]) -> Outputs:
        """Decides on a feature map, as `AgentNetwork.conclude` says."""
        features = self.readout(feature_map)
        policy, critic, memory = self._remember(features, memory)
        logits = read_head(self.config, self.action_head(policy))
        values = ops.max(logits, -1) if self.value_head is None else ops.squeeze(self.value_head(critic), -1)
        return Outputs(logits, values, memory)

    def weigh_actions(self, logits: Any) -> Any:
        """Returns a policy's probabilities, or those of the best action and of random ones (epsilon-greedy)."""
        return weigh_actions(self.config, logits)

    def _remember(self, features: Any, memory: Sequence[Any]) -> tuple[Any, Any, tuple[Any, ...]]:
        """Passes the cores: what policy and critic go by, and the next memory."""
        if self.core is None:
            return features, features, tuple(memory)
        start = len(memory) - (4 if self.config.critic_core == OWN else 2)
        state = [*self.core(features, *memory[start : start + 2])]
        policy = critic = state[0]
        if isinstance(self.critic, LSTMCore):
            state += self.critic(features, *memory[start + 2 :])
            critic = state[2]
        elif self.critic is not None:
            critic = self.critic(features)
        return policy, critic, (*memory[:start], *state)


def build_nature(config: NatureConfig, seed: int = 0) -> NatureNetwork:
    """Builds an imported network with fresh weights.

    Args:
        config: what it is built from.
        seed: of the weights.
    """
    seeds = keras.random.SeedGenerator(seed)
    dense = functools.partial(layers.Dense, kernel_initializer=keras.initializers.Orthogonal(2**0.5, seeds))
    observation = keras.Input((WARPED_SIZE, WARPED_SIZE, config.frames), name="observation")
    x = observation
    for index, (channels, kernel, stride) in enumerate(CONVOLUTIONS, 1):
        initializer = keras.initializers.Orthogonal(2**0.5, seeds)
        x = layers.Conv2D(channels, kernel, stride, kernel_initializer=initializer, name=f"convolution_{index}")(x)
        x = layers.ReLU(name="feature_map" if index == len(CONVOLUTIONS) else None)(x)
    torso = keras.Model(observation, x, name="torso")
    feature_map = keras.Input(torso.output_shape[1:], name="feature_map")
    hidden = dense(config.features, "relu", name="hidden")
    readout = keras.Model(feature_map, hidden(layers.Flatten()(feature_map)), name="readout")
    units = config.core_units
    core = _build_core(config.features, units, seeds, "core") if units else None
    critic: LSTMCore | layers.Dense | None = None
    if config.critic_core == OWN:
        critic = _build_core(config.features, units, seeds, "critic_core")
    elif config.critic_core == DENSE:
        critic = dense(units, name="critic_core")
        critic.build((None, config.features))
    outputs = config.num_actions * config.each
    action_head = layers.Dense(outputs, kernel_initializer=keras.initializers.Orthogonal(0.01, seeds), name="policy")
    value_head = dense(1, name="value") if config.head == POLICY else None
    for head in (action_head, value_head):
        if head is not None:
            head.build((None, units or config.features))
    grid = map_grid(torso)
    return NatureNetwork(
        config, WarpedScreen(config.gray_first), torso, readout, action_head, value_head, core, critic, grid
    )


def _build_core(features: int, units: int, seeds: keras.random.SeedGenerator, name: str) -> LSTMCore:
    core = LSTMCore(units, seeds, name=name)
    core.build((None, features))
    return core
