"""The networks as Keras functional models: E-A3C, and the A3C of Mnih et al. 2016 for the comparison.

A network is read in the order its data flows: torso (screen to feature map), readout (feature map to features),
core (features and state to the next state), heads (policy logits and value). All parts share one set of weights.
"""

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from xdrl.agent_networks import Outputs
from xdrl.config import NETWORK_KINDS, NetworkConfig
from xdrl.cores import Core, LSTMCore
from xdrl.errors import UserError
from xdrl.games import Crop
from xdrl.memories import CoreState, Part, Parts
from xdrl.preprocessing import (
    SCREEN_HEIGHT,
    SCREEN_WIDTH,
    Box,
    MapGrid,
    ScreenPreprocessing,
    crop_box,
    heatmap_box,
)

RELU_GAIN = 2.0
"""Variance that a ReLU halves (He et al. 2015)."""
POLICY_GAIN = 0.01
"""A small first policy is a nearly uniform one."""


@dataclass(frozen=True)
class Network:
    """One network, as the models its users need.

    Attributes:
        config: what it was built from.
        torso: screens uint8 [N, 210, 160, 3] to the feature map float32 [N, h, w, K], the last convolution after
            its ReLU and before any pool.
        readout: feature map to features float32 [N, F].
        core: features and state to the next state.
        decide: (feature map, state_h, state_c) to (logits [N, A], value [N], next state_h, next state_c).
        step: (screens, state_h, state_c) to the same.
        policy_head: core output [N, H] to logits [N, A].
        value_head: core output [N, H] to value [N, 1].
        map_grid: where the feature map's cells lie on the observation.
        preprocess: the torso's first part, screens to the observation float32 [N, 80, 80, 1].
        extract: the rest of it, observation to feature map.
    """

    config: NetworkConfig
    torso: keras.Model
    readout: keras.Model
    core: Core
    policy_head: layers.Dense
    value_head: layers.Dense
    decide: keras.Model
    step: keras.Model
    map_grid: MapGrid
    preprocess: ScreenPreprocessing
    extract: keras.Model

    @property
    def core_size(self) -> int:
        """Units of the core, H."""
        return self.core.units

    @property
    def heatmap_box(self) -> Box:
        """The part of the screen that the feature map stands for."""
        return heatmap_box(self.config.crop, self.map_grid)

    @property
    def observation_box(self) -> Box:
        """The part of the screen that the observation stands for."""
        return crop_box(self.config.crop)

    @property
    def weights(self) -> list[keras.Variable]:
        """The trainable weights in a fixed order."""
        return self.step.trainable_weights

    @property
    def crop(self) -> Crop:
        """The rows of the screen that it sees."""
        return self.config.crop

    @property
    def heads(self) -> frozenset[str]:
        """Names of the layers that give logits and value."""
        return frozenset((self.policy_head.name, self.value_head.name))

    @property
    def memory_parts(self) -> Parts:
        """The two halves of the core state."""
        return {name: Part((self.core_size,), "float32") for name in CoreState._fields}

    def observe(self, screens: Any, memory: Sequence[Any]) -> tuple[Any, tuple[Any, ...]]:
        """Takes screens in, as `AgentNetwork.observe` says; the memory stays what it is."""
        return self.preprocess(screens), tuple(memory)

    def conclude(self, feature_map: Any, memory: Sequence[Any]) -> Outputs:
        """Decides on a feature map, as `AgentNetwork.conclude` says."""
        logits, values, *state = self.decide([feature_map, *memory])
        return Outputs(logits, values, tuple(state))

    def weigh_actions(self, logits: Any) -> Any:
        """Returns the policy's probabilities, float32 [N, A]."""
        return ops.softmax(logits)

    def unroll(self, observations: Any, state_h: Any, state_c: Any, is_first: Any) -> tuple[Any, Any]:
        """Runs over T steps of B environments, all the observations' convolutions at once.

        Args:
            observations: float32 [T, B, 80, 80, 1], what `preprocess` makes of the screens; T is static.
            state_h, state_c: float32 [B, H], before the first step.
            is_first: bool [T, B], where the state is zero before the step.

        Returns:
            logits float32 [T, B, A] and values float32 [T, B].
        """
        steps, num_envs = ops.shape(observations)[:2]
        flat = ops.reshape(observations, (steps * num_envs, *observations.shape[2:]))
        features = self.readout(self.extract(flat))
        return self.judge(self.core.unroll(ops.reshape(features, (steps, num_envs, -1)), state_h, state_c, is_first))

    def judge(self, outputs: Any) -> tuple[Any, Any]:
        """Runs the heads over the core's outputs of T steps of B environments.

        Args:
            outputs: float32 [T, B, H].

        Returns:
            logits float32 [T, B, A] and values float32 [T, B].
        """
        steps, num_envs = ops.shape(outputs)[:2]
        flat = ops.reshape(outputs, (steps * num_envs, self.core_size))
        logits = ops.reshape(self.policy_head(flat), (steps, num_envs, self.config.num_actions))
        return logits, ops.reshape(self.value_head(flat), (steps, num_envs))


@dataclass(frozen=True)
class NetworkKind:
    """What makes one network another than the rest; preprocessing and heads are the same for all.

    Attributes:
        torso: (observation [N, 80, 80, 1], seeds, use_bias) to the feature map [N, h, w, K], symbolic.
        readout: (feature map, seeds) to features [N, F], symbolic.
        core: seeds to the core, whose name is `core`.
    """

    torso: Callable[[Any, keras.random.SeedGenerator, bool], Any]
    readout: Callable[[Any, keras.random.SeedGenerator], Any]
    core: Callable[[keras.random.SeedGenerator], Core]


def build_network(config: NetworkConfig, seed: int = 0) -> Network:
    """Builds a network with fresh weights.

    Args:
        config: kind, actions, crop and normalising constants.
        seed: of the first weights.
    """
    kind = NETWORKS[config.kind]
    seeds = keras.random.SeedGenerator(seed)
    screens = keras.Input((SCREEN_HEIGHT, SCREEN_WIDTH, 3), dtype="uint8", name="screens")
    preprocess = ScreenPreprocessing(
        config.crop, config.pixel_mean, config.pixel_std, config.background, name="preprocessing"
    )
    observation = preprocess(screens)
    torso = keras.Model(screens, kind.torso(observation, seeds, config.use_bias), name="torso")
    extract = keras.Model(observation, torso.output, name="extract")
    feature_map = keras.Input(torso.output_shape[1:], name="feature_map")
    readout = keras.Model(feature_map, kind.readout(feature_map, seeds), name="readout")

    core = kind.core(seeds)
    state_h = keras.Input((core.units,), name="state_h")
    state_c = keras.Input((core.units,), name="state_c")
    policy_head = layers.Dense(
        config.num_actions, kernel_initializer=keras.initializers.Orthogonal(POLICY_GAIN, seeds), name="policy"
    )
    value_head = layers.Dense(1, kernel_initializer=keras.initializers.Orthogonal(1.0, seeds), name="value")
    next_h, next_c = core(readout(feature_map), state_h, state_c)
    outputs = [policy_head(next_h), ops.squeeze(value_head(next_h), -1), next_h, next_c]
    decide = keras.Model([feature_map, state_h, state_c], outputs, name="decide")
    step = keras.Model([screens, state_h, state_c], decide([torso(screens), state_h, state_c]), name=config.kind)
    return Network(
        config=config,
        torso=torso,
        readout=readout,
        core=core,
        policy_head=policy_head,
        value_head=value_head,
        decide=decide,
        step=step,
        map_grid=map_grid(torso),
        preprocess=preprocess,
        extract=extract,
    )


def map_grid(torso: keras.Model) -> MapGrid:
    """Derives where a torso's cells lie; it is a row of layers, square in every respect. Errors as in `lay_cells`."""
    return lay_cells(torso.layers)


def lay_cells(row: Sequence[keras.Layer], axis: int = 0) -> MapGrid:
    """Derives where the cells of a feature map lie on the observation from the layers' kernels, strides and paddings.

    A cell is placed at the centre of its receptive field and is as large as the layers' common stride.

    Args:
        row: convolutions, pools and what keeps cells where they are, one behind the other, called once each.
        axis: 0 for down, 1 for across.

    Returns:
        the grid, in observation pixels.

    Raises:
        UserError: another layer changes the resolution, so that nothing is known of where its cells lie.
    """
    centre, stride, size = 0.5, 1.0, 0
    for layer in row:
        kernel, step, padding = 1, 1, "valid"
        if isinstance(layer, layers.Conv2D):
            kernel, step = (layer.kernel_size[axis] - 1) * layer.dilation_rate[axis] + 1, layer.strides[axis]
            padding = layer.padding
        elif isinstance(layer, layers.MaxPooling2D | layers.AveragePooling2D):
            kernel, step, padding = layer.pool_size[axis], layer.strides[axis], layer.padding
        elif isinstance(layer, layers.ZeroPadding2D):
            centre -= layer.padding[axis][0] * stride
        elif size not in (0, layer.output.shape[1 + axis]) and not isinstance(layer, ScreenPreprocessing):
            raise UserError(
                f"expected a torso of convolutions and pools, got {layer.name}, which moves cells otherwise"
            )
        before = max((-(-size // step) - 1) * step + kernel - size, 0) // 2 if padding == "same" else 0
        centre += ((kernel - 1) / 2 - before) * stride
        stride *= step
        size = layer.output.shape[1 + axis]
    return MapGrid(centre - stride / 2, stride, size)


def variables_to_arrays(variables: Sequence[keras.Variable]) -> dict[str, np.ndarray]:
    """Copies variables into arrays by their path, such as `core/kernel`."""
    return {variable.path: np.asarray(variable.value) for variable in variables}


def arrays_to_variables(arrays: Mapping[str, np.ndarray], variables: Sequence[keras.Variable]) -> None:
    """Assigns arrays to the variables of the same paths.

    Raises:
        UserError: an array is missing, or has another shape; nothing has been assigned then.
    """
    for variable in variables:
        shape = arrays[variable.path].shape if variable.path in arrays else None
        if shape != tuple(variable.shape):
            came = "none" if shape is None else f"one of shape {list(shape)}"
            raise UserError(f"expected weights {variable.path} of shape {list(variable.shape)}, got {came}")
    for variable in variables:
        variable.assign(arrays[variable.path])


def _e_a3c_torso(observation: Any, seeds: keras.random.SeedGenerator, use_bias: bool) -> Any:
    """Four widened convolutions, each with a max-pool; the last one's pool belongs to the readout.

    Pool and ReLU commute, and the pool first is cheaper. After the last convolution the ReLU comes first, so that
    the map that is explained holds what the ReLU lets through.
    """
    # Differs from the paper: it gives no kernels. Odd ones with SAME padding make a cell one block of the crop.
    x, options = observation, {"padding": "same", "use_bias": use_bias}
    for index, (channels, kernel) in enumerate([(32, 5), (32, 5), (64, 3)]):
        x = _convolution(channels, kernel, f"convolution_{index + 1}", seeds, **options)(x)
        x = layers.ReLU()(layers.MaxPooling2D(2)(x))
    return layers.ReLU(name="feature_map")(_convolution(64, 3, "convolution_4", seeds, **options)(x))


def _e_a3c_readout(feature_map: Any, seeds: keras.random.SeedGenerator) -> Any:
    return layers.Flatten()(layers.MaxPooling2D(2)(feature_map))


def _a3c_torso(observation: Any, seeds: keras.random.SeedGenerator, use_bias: bool) -> Any:
    x = layers.ReLU()(_convolution(16, 8, "convolution_1", seeds, strides=4, use_bias=use_bias)(observation))
    return layers.ReLU(name="feature_map")(_convolution(32, 4, "convolution_2", seeds, strides=2, use_bias=use_bias)(x))


def _a3c_readout(feature_map: Any, seeds: keras.random.SeedGenerator) -> Any:
    dense = layers.Dense(256, "relu", kernel_initializer=_relu_initializer(seeds), name="hidden")
    return dense(layers.Flatten()(feature_map))


def _convolution(
    channels: int, kernel: int, name: str, seeds: keras.random.SeedGenerator, **kwargs: Any
) -> layers.Conv2D:
    return layers.Conv2D(channels, kernel, kernel_initializer=_relu_initializer(seeds), name=name, **kwargs)


def _relu_initializer(seeds: keras.random.SeedGenerator) -> keras.Initializer:
    return keras.initializers.VarianceScaling(RELU_GAIN, "fan_avg", "uniform", seeds)


NETWORKS = {
    "e-a3c": NetworkKind(_e_a3c_torso, _e_a3c_readout, functools.partial(LSTMCore, 512, name="core")),
    "a3c": NetworkKind(_a3c_torso, _a3c_readout, functools.partial(LSTMCore, 256, name="core")),
}
"""By the name that `NetworkConfig.kind` has."""


def register_network(name: str, kind: NetworkKind) -> None:
    """Adds a network to those that `train --network` knows.

    Raises:
        UserError: there is one of that name.
    """
    if name in NETWORKS:
        raise UserError(f"expected a new name for a network, got {name!r}, which there is")
    NETWORKS[name] = kind
    NETWORK_KINDS.append(name)
