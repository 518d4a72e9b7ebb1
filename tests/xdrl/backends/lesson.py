"""A lesson that any backend takes: screens are played, gradients taken and applied, and everything found is kept.

A process has one Keras backend. Run as `python lesson.py FOLDER`, the lessons `*.given.npz` of a folder are taken by
the backend that KERAS_BACKEND names, and what was found is written beside each.
"""

import sys
from pathlib import Path

import keras
import numpy as np

from xdrl.backends import load_backend
from xdrl.config import NetworkConfig, TrainingConfig
from xdrl.games import Crop
from xdrl.losses import costs_at
from xdrl.networks import Network, arrays_to_variables, build_network, variables_to_arrays
from xdrl.rollouts import Policy, Rollout

UPDATES = 3
ROLLOUT = ("actions", "rewards", "is_terminated", "is_truncated", "is_first", "bootstrap_value")
WEIGHT = "weight/"


def take(given: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Takes a lesson.

    Args:
        given: `kind`, `clip`, `screens`, `state_h`, `state_c`, the rollout's arrays, and the weights by
            `weight/` and their path.

    Returns:
        outputs, gradients, losses, and the weights and Adam's statistics after some updates.
    """
    backend = load_backend()
    network, other = (build_network(describe(str(given["kind"]))) for _ in range(2))
    weights = {path.removeprefix(WEIGHT): array for path, array in given.items() if path.startswith(WEIGHT)}
    arrays_to_variables(weights, network.weights)
    backend.make_assign(other.weights)(backend.make_read(network.weights)())
    config = TrainingConfig("Pong", network=str(given["kind"]), gradient_norm_clip=float(given["clip"]))
    rollout, found = play(backend.make_policy(other, config), given)
    gradients = backend.make_gradients(other, config)(rollout, costs_at(config, 0))
    for name in ("norm", "policy_loss", "value_loss", "entropy"):
        found[name] = np.float32(getattr(gradients, name))
    for weight, gradient in zip(network.weights, gradients.gradients, strict=True):
        found[f"gradient/{weight.path}"] = np.asarray(gradient)
    found |= apply_often(backend, network, gradients.gradients)
    found |= {f"copy/{path}": array for path, array in variables_to_arrays(other.weights).items()}
    return found


def describe(kind: str) -> NetworkConfig:
    return NetworkConfig(kind, ("NOOP", "FIRE", "RIGHT", "LEFT", "RIGHTFIRE", "LEFTFIRE"), Crop(34, 194), 0.35, 0.15)


def play(policy: Policy, given: dict[str, np.ndarray]) -> tuple[Rollout, dict[str, np.ndarray]]:
    found, kept = {}, []
    state = given["state_h"], given["state_c"]
    for t, screens in enumerate(given["screens"]):
        step = policy.act(screens, state, given["is_first"][t])
        state = step.state
        kept.append(step.kept)
        found |= {f"logits/{t}": step.logits, f"values/{t}": step.values}
        found |= {f"state_h/{t}": np.asarray(state[0]), f"state_c/{t}": np.asarray(state[1])}
    return Rollout(tuple(kept), *(given[name] for name in ROLLOUT)), found


def apply_often(backend, network: Network, gradients) -> dict[str, np.ndarray]:
    optimizer = keras.optimizers.Adam(2.5e-4, epsilon=1e-3, name="adam")
    apply = backend.make_apply(optimizer, network.weights)
    for _ in range(UPDATES):
        apply(gradients)
    updated = {f"updated/{path}": array for path, array in variables_to_arrays(network.weights).items()}
    return updated | {f"optimizer/{path}": array for path, array in variables_to_arrays(optimizer.variables).items()}


if __name__ == "__main__":
    for path in sorted(Path(sys.argv[1]).glob("*.given.npz")):
        np.savez(path.with_name(path.name.replace("given", "found")), **take(dict(np.load(path))))
    if keras.backend.backend() != "tensorflow":
        assert "tensorflow" not in sys.modules
