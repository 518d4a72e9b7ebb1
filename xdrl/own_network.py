"""A network of somebody's own as an agent's: built layer by layer, cut at the feature map that heatmaps are about."""

import functools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras
from keras import layers, ops

from xdrl.agent_networks import Outputs
from xdrl.errors import UserError
from xdrl.games import Crop
from xdrl.imported_networks import read_head, stack_parts, stack_screens, weigh_actions
from xdrl.memories import Parts
from xdrl.networks import lay_cells
from xdrl.own_config import GRAY, OwnConfig, Row
from xdrl.preprocessing import Box, crop_box, heatmap_box
from xdrl.warping import WHOLE_SCREEN, WarpedScreen

MOST_WEIGHTS, MOST_OUTPUTS = 1 << 27, 1 << 24
"""Numbers of a network, and of what a layer makes of one screen: a few bytes of JSON must not ask for gigabytes."""
_WITH_KERNEL = ("Conv2D", "Dense")
_REFUSALS = (ValueError, TypeError, AttributeError, LookupError, ArithmeticError, NotImplementedError)
"""What Keras raises where layers do not fit each other."""
_Tensors = dict[str, Any]


@dataclass(frozen=True)
class OwnNetwork:
    """An own network; `AgentNetwork` says what each part is for.

    Attributes:
        config: what it was built from.
        warp: screens to uint8 [N, H, W, C].
        torso: observation float32 [N, H, W, C * frames] to the feature map.
        readout: feature map to what the heads say: [N, A * each], and where it has a value [N, 1].
        weights: of all layers, in their order; what only evaluation needs, such as moving means, is among them.
        heatmap_box: the part of the screen that the feature map stands for.
    """

    config: OwnConfig
    warp: WarpedScreen
    torso: keras.Model
    readout: keras.Model
    weights: Sequence[keras.Variable]
    heatmap_box: Box

    @property
    def memory_parts(self) -> Parts:
        """The last screens, and whether there have been any, as far as it has them."""
        return stack_parts(self.config, self.warp)

    @property
    def crop(self) -> Crop:
        """The rows of the screen that it sees: all."""
        return WHOLE_SCREEN

    @property
    def observation_box(self) -> Box:
        """The part of the screen that the observation stands for: all."""
        return crop_box(WHOLE_SCREEN)

    @property
    def heads(self) -> frozenset[str]:
        """Names of the layers that give logits and value."""
        return frozenset((self.config.policy, self.config.value)) - {""}

    @property
    def core_size(self) -> int:
        """Units of a recurrent core: there is none."""
        return 0

    def observe(self, screens: Any, memory: Sequence[Any]) -> tuple[Any, tuple[Any, ...]]:
        """Takes screens in, as `AgentNetwork.observe` says; the oldest of the last screens is forgotten."""
        return stack_screens(self.config, self.warp, screens, memory)

    def extract(self, observation: Any) -> Any:
        """Computes the feature map, float32 [N, h, w, K]."""
        return self.torso(observation, training=False)

    def conclude(self, feature_map: Any, memory: Sequence[Any]) -> Outputs:
        """Decides on a feature map; a policy alone says nothing of the value, which is 0 then."""
        flat, *value = keras.tree.flatten(self.readout(feature_map, training=False))
        logits = read_head(self.config, flat)
        values = ops.max(logits, -1) if self.config.judges_actions else ops.zeros_like(logits[:, 0])
        return Outputs(logits, ops.squeeze(value[0], -1) if value else values, tuple(memory))

    def weigh_actions(self, logits: Any) -> Any:
        """Returns a policy's probabilities, or those of the best action and of random ones (epsilon-greedy)."""
        return weigh_actions(self.config, logits)


def build_own(config: OwnConfig, seed: int = 0) -> OwnNetwork:
    """Builds an own network with fresh weights.

    Args:
        config: what it is built from.
        seed: of the weights.

    Raises:
        UserError: the layers do not fit each other, are too large, or go round the feature map.
    """
    built = _make_layers(config, keras.random.SeedGenerator(seed))
    channels = config.channels * config.frames
    observation = keras.Input((config.height, config.width, channels), name="observation")
    bright = layers.Rescaling(config.brightest, name="brightness")(observation)
    tensors = _connect(config.rows, built, {"": bright}, is_first=True)
    feature_map = tensors[config.feature_map]
    if len(feature_map.shape) != 4:
        raise UserError(f"expected a feature map [h, w, K], got {list(feature_map.shape[1:])} of {config.feature_map}")
    torso = keras.Model(observation, feature_map, name="torso")
    start = keras.Input(feature_map.shape[1:], name="feature_map")
    heads = _connect(config.rows, built, {config.feature_map: start}, is_first=False)
    outputs = [heads.get(name) for name in (config.policy, config.value) if name]
    if None in outputs:
        raise UserError(
            f"expected all that the heads go by to pass the feature map {config.feature_map}, got ways around it"
        )
    _check_heads(config, outputs)
    weights = [weight for row in config.rows for weight in built[row.name].weights]
    row = [torso.layers[0], *_way(config, built)]
    down, across = (lay_cells(row, axis) for axis in (0, 1))
    box = heatmap_box(WHOLE_SCREEN, down, config.height)
    sides = heatmap_box(WHOLE_SCREEN, across, config.width)
    warp = WarpedScreen(config.gray_first, config.height, config.width, config.colours == GRAY)
    return OwnNetwork(
        config, warp, torso, keras.Model(start, outputs, name="readout"), weights,
        box._replace(left=sides.left, right=sides.right),
    )  # fmt: skip


def _make_layers(config: OwnConfig, seeds: keras.random.SeedGenerator) -> dict[str, keras.Layer]:
    """Makes the layers, unbuilt."""
    made = {}
    for row in config.rows:
        fresh = {"kernel_initializer": keras.initializers.HeNormal(seeds)} if row.kind in _WITH_KERNEL else {}
        make = functools.partial(getattr(layers, row.kind), name=row.name, dtype="float32", **fresh)
        made[row.name] = _or_refuse(row, lambda row=row, make=make: make(**row.settings))
    return made


def _connect(rows: Sequence[Row], built: Mapping[str, keras.Layer], known: _Tensors, *, is_first: bool) -> _Tensors:
    """Calls every layer of which all inputs are known, and returns what all of them answer.

    Args:
        rows: the layers, in order.
        built: the layers by name.
        known: what some answer already; those are not called.
        is_first: whether they are called for the first time, so that their weights are made, and are checked for size.
    """
    tensors, weights = dict(known), 0
    for row in rows:
        if row.name in tensors or not all(name in tensors for name in row.inputs):
            continue
        inputs = [tensors[name] for name in row.inputs]
        if is_first:
            weights += _count_weights(row, inputs[0].shape)
            if weights > MOST_WEIGHTS:
                raise UserError(f"expected at most {MOST_WEIGHTS:,} weights, got more with the layer {row.name}")
        call = functools.partial(built[row.name], inputs[0] if len(inputs) == 1 else inputs)
        tensors[row.name] = _or_refuse(row, call)
        if math.prod(tensors[row.name].shape[1:]) > MOST_OUTPUTS:
            raise UserError(f"expected at most {MOST_OUTPUTS:,} numbers of a screen, got more of the layer {row.name}")
    return tensors


def _or_refuse(row: Row, make: Any) -> Any:
    try:
        return make()
    except _REFUSALS as error:
        words = f"a layer {row.name}, of {row.kind}, that fits what is before it"
        raise UserError(f"expected {words}, got {' '.join(str(error).split())[:200]}") from error


def _count_weights(row: Row, shape: Sequence[int | None]) -> int:
    """Counts the weights of a layer before it has any; shape is that of its input."""
    channels = int(shape[-1] or 0)
    if row.kind == "Conv2D":
        kernel = row.settings.get("kernel_size", 1)
        cells = kernel**2 if isinstance(kernel, int) else math.prod(kernel)
        return int(cells) * channels * int(row.settings.get("filters", 0))
    return channels * int(row.settings.get("units", 0)) if row.kind == "Dense" else 0


def _check_heads(config: OwnConfig, outputs: Sequence[Any]) -> None:
    """Fails where the heads have other sizes than the agent."""
    expected = (config.num_actions * config.each, 1)
    for name, tensor, count in zip((config.policy, config.value), outputs, expected, strict=False):
        if tensor.shape[1:] != (count,):
            raise UserError(f"expected {count} outputs of the layer {name}, got {list(tensor.shape[1:])}")


def _way(config: OwnConfig, built: Mapping[str, keras.Layer]) -> list[keras.Layer]:
    """Returns the layers on one way from the observation to the feature map; where ways meet they are as long."""
    rows, way, name = {row.name: row for row in config.rows}, [], config.feature_map
    while name:
        way.append(built[name])
        name = rows[name].inputs[0]
    return way[::-1]
