"""Agents of Stable-Baselines3 and sb3-contrib: PPO, A2C, DQN, QR-DQN and recurrent PPO with a `CnnPolicy`.

In their zip lie `policy.pth`, a file of tensors, and `data`, a JSON. Some values of the JSON are pickles in base64,
which would run code when they are opened: only its plain numbers and texts are read.
"""

import json
import re
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np

from xdrl.errors import UserError
from xdrl.imported_config import ACTION_VALUES, POLICY, QUANTILES, ZEROS
from xdrl.imports.archives import read_member
from xdrl.imports.layers import Source, Tensors, names_under
from xdrl.imports.torch_files import MOST_TENSOR_BYTES, read_torch_file

DATA, POLICY_FILE = "data", "policy.pth"
MOST_DATA_BYTES = 64 << 20
"""The JSON holds the last observations of all environments."""
_NAME = "stable-baselines3"
_SUPPORTED = "PPO, A2C, DQN, QR-DQN or RecurrentPPO with a CnnPolicy"


def is_stable_baselines(names: list[str]) -> bool:
    """Says whether an archive with members of these names is one of Stable-Baselines3."""
    return DATA in names and POLICY_FILE in names


def read_stable_baselines(archive: zipfile.ZipFile, source: str) -> Source:
    """Reads an agent.

    Args:
        archive: the zip that the library's `save` wrote.
        source: its name, for what is said.

    Raises:
        UserError: it is damaged, or an agent of another kind.
    """
    data = _read_data(read_member(archive, DATA, MOST_DATA_BYTES), source)
    content = read_member(archive, POLICY_FILE, MOST_TENSOR_BYTES)
    found = read_torch_file(content, f"{source}, {POLICY_FILE}")
    tensors = {str(name): tensor for name, tensor in found.items() if isinstance(tensor, np.ndarray)}
    layers, settings = _describe(tensors, data, source)
    settings |= {"padding": ZEROS, "gray_first": True}
    return Source(tensors, layers, settings, _plain_int(data, "num_timesteps"), _brightest(data, source))


def _read_data(content: bytes, source: str) -> Mapping[str, Any]:
    """Returns the plain values; dictionaries lose their pickles, which are left unopened."""
    try:
        data = json.loads(content)
        kept = {name: value for name, value in data.items() if isinstance(value, str | int | float | dict | list)}
    except (ValueError, AttributeError, RecursionError) as error:
        raise UserError(f"expected JSON in {source}, {DATA}, got {type(error).__name__}") from error
    if not isinstance(kept.get("policy_kwargs"), dict):
        kept["policy_kwargs"] = {}
    return kept


def _describe(tensors: Tensors, data: Mapping[str, Any], source: str) -> tuple[dict[str, str], dict[str, Any]]:
    """Tells the algorithms apart by the names of their tensors."""
    for prefix, algorithm, head in (("q_net", "DQN", ACTION_VALUES), ("quantile_net", "QR-DQN", QUANTILES)):
        if names_under(tensors, f"{prefix}."):
            layers = _features(tensors, f"{prefix}.", source) | {"policy": f"{prefix}.{prefix}.0"}
            if names_under(tensors, f"{prefix}.{prefix}.2."):
                raise UserError(f"expected one layer behind the features in {source}, got {prefix}.{prefix}.2, too")
            support = (_count_quantiles(tensors, data, source), 0.0, 0.0) if head == QUANTILES else (0, 0.0, 0.0)
            epsilon = min(max(_plain_float(data, "exploration_rate"), 0.0), 1.0)
            return layers, {"kind": f"{_NAME} {algorithm}", "head": head, "support": support, "epsilon": epsilon}
    if not names_under(tensors, "action_net.") or not names_under(tensors, "value_net."):
        there = ", ".join(sorted({name.split(".")[0] for name in tensors})[:6])
        raise UserError(f"expected an agent of {_SUPPORTED} in {source}, got one with {there or 'no tensors'}")
    layers = _features(tensors, "", source) | {"policy": "action_net", "value": "value_net"}
    extra = names_under(tensors, "mlp_extractor.")
    if extra:
        raise UserError(f"expected policy and value right behind the features in {source}, got {extra[0]}, too")
    algorithm = "PPO" if "n_epochs" in data else "A2C"
    if names_under(tensors, "lstm_actor."):
        algorithm, layers["core"] = "RecurrentPPO", "lstm_actor"
        critics = [name for name in ("lstm_critic", "critic") if names_under(tensors, f"{name}.")]
        layers |= {"critic_core": critics[0]} if critics else {}
    return layers, {"kind": f"{_NAME} {algorithm}", "head": POLICY}


def _features(tensors: Tensors, prefix: str, source: str) -> dict[str, str]:
    """Returns where the Nature network is; policy and value must share one."""
    start = f"{prefix}features_extractor."
    if not names_under(tensors, f"{start}cnn."):
        got = "an MlpPolicy, which sees no screen" if not names_under(tensors, start) else "other features"
        raise UserError(f"expected an agent of {_SUPPORTED} in {source}, got {got}")
    pairs = [(name, name.replace("pi_", "vf_", 1)) for name in names_under(tensors, "pi_features_extractor.")]
    for name, other in pairs:
        if other in tensors and not np.array_equal(tensors[name], tensors[other]):
            raise UserError(f"expected features that policy and value share in {source}, got some for each of them")
    layers = {f"convolution_{index + 1}": f"{start}cnn.{2 * index}" for index in range(3)}
    return layers | {"hidden": f"{start}linear.0"}


def _count_quantiles(tensors: Tensors, data: Mapping[str, Any], source: str) -> int:
    """The file says how many quantiles there are, or, beside its pickles, how many actions."""
    count = data["policy_kwargs"].get("n_quantiles")
    if isinstance(count, int) and 0 < count:
        return count
    space = data.get("action_space")
    text = str(space.get("n", "")) if isinstance(space, dict) else ""
    outputs = len(tensors.get("quantile_net.quantile_net.0.bias", ()))
    if not text.isascii() or not text.isdigit() or not 0 < int(text) <= outputs:
        raise UserError(f"expected the number of quantiles or of actions in {source}, got neither")
    return outputs // int(text)


def _brightest(data: Mapping[str, Any], source: str) -> float:
    """With normalize_images=False the agent sees what its environment gave it, of which the space says the range."""
    if data["policy_kwargs"].get("normalize_images") is not False:
        return 1.0
    space = data.get("observation_space")
    text = str(space.get("high", "")) if isinstance(space, dict) else ""
    found = re.match(r"[\[\s]*(1|255)\.?[\]\s]", text)
    if not found:
        got = f"up to {text[:20]!r}" if text else "none"
        raise UserError(
            f"expected pixels up to 1 or 255 in {source}, whose agent has normalize_images=False, got {got}"
        )
    return float(found[1])


def _plain_int(data: Mapping[str, Any], name: str) -> int:
    value = data.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def _plain_float(data: Mapping[str, Any], name: str) -> float:
    value = data.get(name)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) and value == value else 0.0
