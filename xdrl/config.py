"""What fixes a network and a training run: frozen records with units and sources, validated, kept as JSON."""

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xdrl.backgrounds import decode_background
from xdrl.errors import UserError
from xdrl.games import Crop
from xdrl.storage.files import replace_file

NETWORK_KINDS = ("e-a3c", "a3c")
CONVOLUTION_DTYPES = ("float32", "bfloat16")
FRAMES_PER_STEP = 4
"""Emulator frames of one agent step in training."""
SCORE_WINDOW = 100
"""Games in a row that a mean score is taken over."""


@dataclass(frozen=True)
class NetworkConfig:
    """Everything a network is built from, so that it can be built again anywhere.

    Attributes:
        kind: `e-a3c`, or `a3c` for the network of Mnih et al. 2016.
        action_names: the game's actions in the emulator's order; there is one policy logit for each.
        crop: the rows of the screen that the network sees.
        pixel_mean: mean luminance in [0, 1] of what the network sees, less the background, measured on random play.
        pixel_std: standard deviation of the same.
        background: what stands still on the screens of random play, as `encode_background` writes it; "" for none.
    """

    kind: str
    action_names: tuple[str, ...]
    crop: Crop
    pixel_mean: float
    pixel_std: float
    background: str = ""

    def __post_init__(self) -> None:
        """Raises UserError for an unknown kind, no actions, a deviation that is not positive, or another background."""
        decode_background(self.background)
        if self.kind not in NETWORK_KINDS:
            raise UserError(f"expected a network of {', '.join(NETWORK_KINDS)}, got {self.kind!r}")
        if not self.action_names:
            raise UserError("expected at least one action name, got none")
        if not self.pixel_std > 0:
            raise UserError(f"expected a pixel_std above 0, got {self.pixel_std}")

    @property
    def num_actions(self) -> int:
        """Number of actions, A."""
        return len(self.action_names)


@dataclass(frozen=True)
class TrainingConfig:
    """A training run. Learning rate and clip were measured on Pong; the rest is the recipe of a public A3C.

    Attributes:
        game: CamelCase name.
        network: kind of network.
        seed: fixes everything but the order in which threads apply their updates.
        num_workers: threads, each with its own environments and its own copy of the network.
        envs_per_worker: environments B of one worker.
        emulator_threads: of one worker, which share its environments.
        convolution_dtype: that TensorFlow computes the convolutions in while training; weights, gradients and all else
            are float32. `bfloat16` is for processors that multiply it.
        rollout_length: agent steps T between two updates of a worker.
        discount: per agent step.
        gae_lambda: trace parameter of the advantages (Schulman et al. 2016).
        entropy_cost: weight of the policy's entropy in nats.
        value_cost: weight of the half-squared error of the value.
        reward_clip: rewards are clipped to plus and minus this in the loss (Mnih et al. 2015).
        learning_rate: of Adam.
        adam_epsilon: large, which its author reports as a big improvement for A3C.
        gradient_norm_clip: global norm above which gradients are scaled down.
        sticky_probability: of the training environments.
        checkpoint_seconds: time between two checkpoints.
        max_bad_gradients: non-finite gradients in a row that stop the run.
    """

    game: str
    network: str = "e-a3c"
    seed: int = 0
    num_workers: int = 3
    envs_per_worker: int = 12
    emulator_threads: int = 1
    convolution_dtype: str = "float32"
    rollout_length: int = 20
    discount: float = 0.99
    gae_lambda: float = 0.95
    entropy_cost: float = 0.01
    value_cost: float = 0.5
    reward_clip: float = 1.0
    learning_rate: float = 3.75e-4
    adam_epsilon: float = 1e-3
    gradient_norm_clip: float = 40.0
    sticky_probability: float = 0.0
    checkpoint_seconds: float = 60.0
    max_bad_gradients: int = 10

    def __post_init__(self) -> None:
        """Raises UserError where a number makes no sense."""
        for name in ("num_workers", "envs_per_worker", "emulator_threads", "rollout_length", "max_bad_gradients"):
            _require(name, getattr(self, name), getattr(self, name) >= 1, "at least 1")
        for name in ("discount", "gae_lambda", "sticky_probability"):
            _require(name, getattr(self, name), 0 <= getattr(self, name) <= 1, "between 0 and 1")
        for name in ("entropy_cost", "value_cost"):
            _require(name, getattr(self, name), getattr(self, name) >= 0, "at least 0")
        for name in ("reward_clip", "learning_rate", "adam_epsilon", "gradient_norm_clip", "checkpoint_seconds"):
            _require(name, getattr(self, name), getattr(self, name) > 0, "above 0")
        for name, expected in (("network", NETWORK_KINDS), ("convolution_dtype", CONVOLUTION_DTYPES)):
            _require(name, getattr(self, name), getattr(self, name) in expected, f"one of {', '.join(expected)}")
        _require("seed", self.seed, 0 <= self.seed < 2**31, "between 0 and 2147483647")


def network_config_to_json(config: NetworkConfig) -> dict[str, Any]:
    """Returns the record as plain JSON values; `network_config_from_json` turns them back."""
    return dataclasses.asdict(config) | {"action_names": list(config.action_names)}


def network_config_from_json(values: dict[str, Any]) -> NetworkConfig:
    """Builds the record from what `network_config_to_json` returned."""
    return NetworkConfig(**values | {"action_names": tuple(values["action_names"]), "crop": Crop(**values["crop"])})


def save_run_config(path: Path, training: TrainingConfig, network: NetworkConfig) -> None:
    """Writes a run's `config.json`."""
    values = {"training": dataclasses.asdict(training), "network": network_config_to_json(network)}
    replace_file(path, json.dumps(values, indent=2) + "\n")


def load_run_config(path: Path) -> tuple[TrainingConfig, NetworkConfig]:
    """Reads a run's `config.json`.

    Raises:
        UserError: the file is no run configuration.
    """
    try:
        values = json.loads(path.read_text())
        return TrainingConfig(**values["training"]), network_config_from_json(values["network"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(f"expected a run's configuration in {path}, got {type(error).__name__}: {error}") from error


def _require(name: str, value: object, is_valid: bool, expected: str) -> None:
    if not is_valid:
        raise UserError(f"expected {name} {expected}, got {value}")
