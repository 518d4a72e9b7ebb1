"""What fixes a network of somebody's own: its layers one by one, of kinds that are known, with plain numbers alone."""

import dataclasses
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from xdrl.backgrounds import SCREEN_SHAPE
from xdrl.errors import UserError
from xdrl.imported_config import ImportedConfig

_NORM = ("axis", "epsilon", "center", "scale")
_POOL = ("pool_size", "strides", "padding")
LAYERS: Mapping[str, Sequence[str]] = {
    "Conv2D": ("filters", "kernel_size", "strides", "padding", "dilation_rate", "groups", "activation", "use_bias"),
    "Dense": ("units", "activation", "use_bias"),
    "MaxPooling2D": _POOL, "AveragePooling2D": _POOL,
    "GlobalAveragePooling2D": ("keepdims",), "GlobalMaxPooling2D": ("keepdims",),
    "BatchNormalization": _NORM, "LayerNormalization": _NORM, "GroupNormalization": ("groups", *_NORM),
    "Activation": ("activation",), "ReLU": ("max_value", "negative_slope", "threshold"),
    "LeakyReLU": ("negative_slope",), "ELU": ("alpha",), "Softmax": ("axis",),
    "Rescaling": ("scale", "offset"), "ZeroPadding2D": ("padding",), "Flatten": (), "Reshape": ("target_shape",),
    "Add": (), "Subtract": (), "Multiply": (), "Average": (), "Maximum": (), "Concatenate": ("axis",),
}  # fmt: skip
"""Kinds of Keras' layers that an own network may have, and which of their settings are read."""
ACTIVATIONS = (
    "linear", "relu", "relu6", "elu", "selu", "gelu", "silu", "swish", "mish", "leaky_relu", "tanh", "sigmoid",
    "hard_sigmoid", "softplus", "softsign", "softmax",
)  # fmt: skip
GRAY, RGB = "gray", "rgb"
COLOURS = {GRAY: 1, RGB: 3}
"""Channels of a screen."""
MOST_LAYERS, MOST_NUMBER, _MOST_AXES = 256, 8192, 8
_NAME = re.compile(r"[A-Za-z0-9_.\-]{1,100}")


@dataclass(frozen=True)
class Row:
    """A layer.

    Attributes:
        name: its own.
        kind: of `LAYERS`.
        settings: of those that the kind has.
        inputs: names of the layers before it; "" is the observation.
    """

    name: str
    kind: str
    settings: Mapping[str, Any]
    inputs: tuple[str, ...]

    def __post_init__(self) -> None:
        """Raises UserError where it is a layer of another kind, or a setting no plain number."""
        if self.kind not in LAYERS:
            raise UserError(f"expected layers of {', '.join(LAYERS)}, got {self.name!r}, of {self.kind}")
        if not isinstance(self.name, str) or not _NAME.fullmatch(self.name):
            raise UserError(f"expected names of layers of letters, digits, _ and -, got {str(self.name)[:100]!r}")
        for name, value in self.settings.items():
            is_fine = value in ACTIVATIONS if name == "activation" else _is_plain(value)
            if name not in LAYERS[self.kind] or not is_fine:
                raise UserError(f"expected a plain {name} of the layer {self.name}, got {str(value)[:100]}")


@dataclass(frozen=True)
class OwnConfig(ImportedConfig):
    """Everything that such a network is built from.

    Attributes:
        rows: its layers; each stands behind those that it takes.
        height, width: of what it sees.
        colours: `gray` or `rgb`.
        brightest: what the brightest pixel is to the first layer.
        feature_map: the layer whose output heatmaps are about.
        policy: the layer that gives logits, Q-values, quantiles or atoms.
        value: the layer that gives the value; "" where there is none, as where actions are judged.
    """

    rows: tuple[Row, ...] = ()
    height: int = 84
    width: int = 84
    colours: str = GRAY
    brightest: float = 1.0
    feature_map: str = ""
    policy: str = ""
    value: str = ""

    def __post_init__(self) -> None:
        """Raises UserError where a number or a word makes no sense."""
        super().__post_init__()
        rows, columns = SCREEN_SHAPE[:2]
        self._require("height", 1 <= self.height <= rows, f"1 to {rows}")
        self._require("width", 1 <= self.width <= columns, f"1 to {columns}")
        self._require("colours", self.colours in COLOURS, f"one of {', '.join(COLOURS)}")
        self._require("brightest", 0 < self.brightest <= 1 << 16, f"above 0 and at most {1 << 16}")
        if not 1 <= len(self.rows) <= MOST_LAYERS:
            raise UserError(f"expected 1 to {MOST_LAYERS} layers, got {len(self.rows)}")
        known = {""}
        for row in self.rows:
            missing = [name for name in row.inputs if name not in known]
            if missing or not row.inputs or row.name in known:
                raise UserError(f"expected each layer once and behind its inputs, got {row.name} of {row.inputs}")
            known.add(row.name)
        for name in (self.feature_map, self.policy, *[self.value] * bool(self.value)):
            if name not in known or not name:
                raise UserError(f"expected a layer of {', '.join(row.name for row in self.rows[-12:])}, got {name!r}")

    @property
    def has_no_value(self) -> bool:
        """Whether it is a policy alone, so that 0 stands for the value."""
        return not self.judges_actions and not self.value

    @property
    def channels(self) -> int:
        """Channels of one screen."""
        return COLOURS[self.colours]


def own_config_to_json(config: OwnConfig) -> dict[str, Any]:
    """Returns the record as plain JSON values; `own_config_from_json` turns them back."""
    return dataclasses.asdict(config)


def own_config_from_json(values: dict[str, Any]) -> OwnConfig:
    """Builds the record from what `own_config_to_json` returned."""
    atoms, lowest, highest = values["support"]
    rows = tuple(Row(**row | {"inputs": tuple(row["inputs"])}) for row in values["rows"])
    plain = {"action_names": tuple(values["action_names"]), "support": (int(atoms), float(lowest), float(highest))}
    return OwnConfig(**values | plain | {"rows": rows})


def _is_plain(value: Any) -> bool:
    """Says whether it is a number, a short word, or a short list of such, none of them large."""
    if isinstance(value, list | tuple):
        return len(value) <= _MOST_AXES and all(_is_plain(each) for each in value)
    if isinstance(value, str):
        return len(value) <= 16
    return value is None or (isinstance(value, int | float) and abs(value) <= MOST_NUMBER)
