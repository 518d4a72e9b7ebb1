"""Agents that are files of tensors: CleanRL's, and any Nature network whose layers a mapping names."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from xdrl.errors import UserError
from xdrl.imported_config import ACTION_VALUES, ATOMS, FIRST_SCREEN, HEADS, POLICY, QUANTILES, ZEROS
from xdrl.imports.layers import CONVOLUTIONS, Source, Tensors

MAPPED_LAYERS = (*CONVOLUTIONS, "hidden", "policy", "value", "core", "critic_core")
MAPPED_SETTINGS = ("head", "padding", "gray_first", "support", "epsilon", "greedy", "brightest")
CLEAN_RL_EPSILON = 0.05
"""With which CleanRL's own evaluation plays agents that judge actions (`cleanrl_utils/evals/dqn_eval.py`)."""
_WRAPPERS = {"padding": FIRST_SCREEN, "gray_first": False, "greedy": False}
"""CleanRL makes screens smaller before it makes them gray, fills the first stack with the first screen, and draws the
actions of its evaluations."""
_MOST_MAPPING_BYTES = 1 << 16


def read_clean_rl(content: Mapping[str, Any], source: str) -> Source:
    """Describes a state file of CleanRL's ppo_atari, dqn_atari or c51_atari.

    Args:
        content: of the file.
        source: its name, for what is said.

    Raises:
        UserError: it is one of another network.
    """
    arguments = content.get("args")
    inner = content.get("model_weights")
    tensors = tensors_of(inner if isinstance(inner, dict) else content)
    layers = {name: f"network.{2 * index}" for index, name in enumerate(CONVOLUTIONS)} | {"hidden": "network.7"}
    if "actor.weight" in tensors and "critic.weight" in tensors and "network.7.weight" in tensors:
        kind: dict[str, Any] = {"kind": "CleanRL ppo_atari", "head": POLICY}
        return Source(tensors, layers | {"policy": "actor", "value": "critic"}, kind | _WRAPPERS)
    if "network.9.weight" not in tensors:
        there = ", ".join(list(tensors)[:4])
        raise UserError(
            f"expected a state file of CleanRL's ppo_atari, dqn_atari or c51_atari in {source}, got one with "
            f"{there or 'no tensors'} ...; for another Nature network --mapping names its layers"
        )
    kind = {"kind": "CleanRL dqn_atari", "head": ACTION_VALUES, "epsilon": CLEAN_RL_EPSILON}
    atoms = tensors.get("atoms")
    if atoms is not None:
        if atoms.ndim != 1 or not atoms.size:
            raise UserError(f"expected atoms in a row in {source}, got shape {list(atoms.shape)}")
        support = (len(atoms), float(atoms[0]), float(atoms[-1]))
        kind |= {"kind": "CleanRL c51_atari", "head": ATOMS, "support": support}
    steps = arguments.get("total_timesteps") if isinstance(arguments, dict) else 0
    agent_steps = steps if isinstance(steps, int) and steps > 0 else 0
    return Source(tensors, layers | {"policy": "network.9"}, kind | _WRAPPERS, agent_steps)


def read_mapped(read: Callable[[Mapping[str, str]], Tensors], mapping: Path, source: str) -> Source:
    """Describes a file by a mapping, a JSON that says for our layers what their tensors' names begin with.

    Args:
        read: the layers that the mapping names to the file's tensors.
        mapping: such as `{"convolution_1": "conv.0", ..., "hidden": "fc", "policy": "pi", "value": "v", "head":
            "policy"}`; `padding`, `gray_first`, `support`, `epsilon` and `greedy` as in `NatureConfig`, and as
            `brightest` what the brightest pixel is to the first convolution: 1, or 255 where nothing divides by that.
        source: name of the file.

    Raises:
        UserError: the mapping is none.
    """
    values = read_description(mapping)
    unknown = [name for name in values if name not in (*MAPPED_LAYERS, *MAPPED_SETTINGS)]
    if unknown:
        raise UserError(f"expected {', '.join((*MAPPED_LAYERS, *MAPPED_SETTINGS))} in {mapping}, got {unknown[0]!r}")
    layers = {name: value for name, value in values.items() if name in MAPPED_LAYERS}
    wrong = [name for name, value in layers.items() if not isinstance(value, str)]
    if wrong:
        raise UserError(f"expected a text for {wrong[0]} in {mapping}, got {layers[wrong[0]]!r}")
    brightest = read_brightest(values, 1.0, mapping)
    return Source(read(layers), layers, read_settings(values, "mapped", mapping), brightest=brightest)


def is_nature(values: Mapping[str, Any]) -> bool:
    """Says whether a description names layers of the Nature network; else it is about one of another shape."""
    return any(name in values for name in (*CONVOLUTIONS, "hidden"))


def read_settings(values: Mapping[str, Any], kind: str, mapping: Path) -> dict[str, Any]:
    """Reads what a description says of an agent besides its layers: fields of `ImportedConfig`.

    Raises:
        UserError: a value is of another kind.
    """
    head = values.get("head", POLICY if "value" in values else ACTION_VALUES)
    settings = {"kind": kind, "head": head, "padding": values.get("padding", ZEROS)}
    settings |= {name: _truth(values, name, mapping) for name in ("gray_first", "greedy")}
    settings |= {"epsilon": _number(values, "epsilon", 0.0, mapping)}
    if head not in HEADS:
        raise UserError(f"expected head to be one of {', '.join(HEADS)} in {mapping}, got {head!r}")
    if head in (QUANTILES, ATOMS):
        support: Any = values.get("support")
        is_list = isinstance(support, list) and all(isinstance(number, int | float) for number in support)
        if not is_list or len(support) != 3 or support[0] < 1:
            raise UserError(f"expected support to be [atoms, lowest, highest] in {mapping}, got {support!r}")
        settings["support"] = (int(support[0]), float(support[1]), float(support[2]))
    return settings


def read_brightest(values: Mapping[str, Any], default: float, mapping: Path) -> float:
    """Reads what the brightest pixel is to the network.

    Raises:
        UserError: it is no number above 0.
    """
    brightest = _number(values, "brightest", default, mapping)
    if brightest <= 0:
        raise UserError(f"expected brightest to be above 0 in {mapping}, got {brightest:g}")
    return brightest


def read_description(path: Path) -> dict[str, Any]:
    """Reads a JSON object that the user wrote.

    Raises:
        UserError: there is none.
    """
    try:
        with path.open("rb") as file:
            values = json.loads(file.read(_MOST_MAPPING_BYTES))
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(f"expected a JSON object in {path}, got {error}") from error
    if not isinstance(values, dict):
        raise UserError(f"expected a JSON object in {path}, got a {type(values).__name__}")
    return values


def tensors_of(content: Mapping[str, Any]) -> Tensors:
    """Returns what of a state file are tensors."""
    return {str(name): tensor for name, tensor in content.items() if isinstance(tensor, np.ndarray)}


def _truth(values: Mapping[str, Any], name: str, mapping: Path) -> bool:
    value = values.get(name, True)
    if not isinstance(value, bool):
        raise UserError(f"expected true or false for {name} in {mapping}, got {value!r}")
    return value


def _number(values: Mapping[str, Any], name: str, default: float, mapping: Path) -> float:
    value = values.get(name, default)
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise UserError(f"expected a number for {name} in {mapping}, got {value!r}")
    return float(value)
