"""What fixes a network and a training run: frozen records with units and sources, validated, kept as JSON."""

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xdrl.backgrounds import decode_background
from xdrl.errors import UserError
from xdrl.games import Crop
from xdrl.recipes import SCHEDULED, Recipe
from xdrl.schedules import schedule_from_json, schedule_to_json
from xdrl.storage.files import replace_file

NETWORK_KINDS = ["e-a3c", "a3c"]
"""Their names; `xdrl.networks.register_network` adds to them."""
DTYPES = ("float32", "bfloat16")
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
        use_bias: whether the torso's convolutions have biases; without them, and with a pixel_mean of 0, the feature
            map is 0 wherever a cell sees nothing but background.
    """

    kind: str
    action_names: tuple[str, ...]
    crop: Crop
    pixel_mean: float
    pixel_std: float
    background: str = ""
    use_bias: bool = True

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

    @property
    def judges_actions(self) -> bool:
        """Whether it gives a value to each action, and no policy: never."""
        return False


@dataclass(frozen=True)
class TrainingConfig(Recipe):
    """A training run: its recipe, and what else decides how it goes.

    Attributes:
        game: CamelCase name.
        network: kind of network.
        seed: fixes everything but the order in which threads apply their updates.
        num_workers: threads, each with its own environments and its own copy of the network.
        envs_per_worker: environments B of one worker.
        emulator_threads: of one worker, which share its environments.
        convolution_dtype: that TensorFlow computes the convolutions in while training; weights, gradients and all else
            are float32. `bfloat16` is for processors that multiply it.
        checkpoint_seconds: time between two checkpoints.
        max_bad_gradients: non-finite gradients in a row that stop the run.
        max_policy_lag: updates by others, between reading the weights and applying the gradients, beyond which the
            gradients are dropped; 0 for any number.
        wire_dtype: of weights and gradients between processes; `bfloat16` halves the bytes and rounds them.
        worker_timeout_seconds: silence after which a worker in another process counts as hung, and is started again.
    """

    game: str
    network: str = "e-a3c"
    seed: int = 0
    num_workers: int = 3
    envs_per_worker: int = 12
    emulator_threads: int = 1
    convolution_dtype: str = "float32"
    checkpoint_seconds: float = 60.0
    max_bad_gradients: int = 10
    max_policy_lag: int = 0
    wire_dtype: str = "float32"
    worker_timeout_seconds: float = 300.0

    def __post_init__(self) -> None:
        """Raises UserError where a number makes no sense."""
        super().__post_init__()
        for name in ("num_workers", "envs_per_worker", "emulator_threads", "max_bad_gradients"):
            self.require(name, getattr(self, name) >= 1, "at least 1")
        for name in ("checkpoint_seconds", "worker_timeout_seconds"):
            self.require(name, getattr(self, name) > 0, "above 0")
        choices = {"network": NETWORK_KINDS, "convolution_dtype": DTYPES, "wire_dtype": DTYPES}
        for name, expected in choices.items():
            self.require(name, getattr(self, name) in expected, f"one of {', '.join(expected)}")
        self.require("max_policy_lag", self.max_policy_lag >= 0, "at least 0")
        self.require("seed", 0 <= self.seed < 2**31, "between 0 and 2147483647")


def recipe_to_json(config: Recipe) -> dict[str, Any]:
    """Returns a recipe, or a whole run, as plain JSON values; `training_config_from_json` turns a run back."""
    return {name: schedule_to_json(value) if name in SCHEDULED else value for name, value in vars(config).items()}


def training_config_from_json(values: dict[str, Any]) -> TrainingConfig:
    """Builds the record from what `recipe_to_json` returned."""
    schedules = {name: schedule_from_json(values[name]) for name in SCHEDULED if name in values}
    return TrainingConfig(**(values | schedules))


def network_config_to_json(config: NetworkConfig) -> dict[str, Any]:
    """Returns the record as plain JSON values; `network_config_from_json` turns them back."""
    return dataclasses.asdict(config) | {"action_names": list(config.action_names)}


def network_config_from_json(values: dict[str, Any]) -> NetworkConfig:
    """Builds the record from what `network_config_to_json` returned."""
    return NetworkConfig(**values | {"action_names": tuple(values["action_names"]), "crop": Crop(**values["crop"])})


def save_run_config(path: Path, training: TrainingConfig, network: NetworkConfig) -> None:
    """Writes a run's `config.json`."""
    values = {"training": recipe_to_json(training), "network": network_config_to_json(network)}
    replace_file(path, json.dumps(values, indent=2) + "\n")


def load_run_config(path: Path) -> tuple[TrainingConfig, NetworkConfig]:
    """Reads a run's `config.json`.

    Raises:
        UserError: the file is no run configuration.
    """
    try:
        values = json.loads(path.read_text("utf-8"))
        return training_config_from_json(values["training"]), network_config_from_json(values["network"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(f"expected a run's configuration in {path}, got {type(error).__name__}: {error}") from error
