"""What differs between Keras backends: how functions are compiled and gradients are taken; and which one is at work.

Every backend is a package that has what `Backend` says.
"""

import importlib.util
import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from xdrl.errors import UserError

if TYPE_CHECKING:  # they import Keras, which has a backend from then on
    import keras

    from xdrl.config import TrainingConfig
    from xdrl.losses import Costs
    from xdrl.messages import Gradients
    from xdrl.networks import Network
    from xdrl.rollouts import Policy, Rollout

BACKENDS = {"tensorflow": "requirements.txt", "jax": "requirements-jax.txt"}
"""Names that Keras knows them by, and the file that names what each needs."""
SWITCH = "KERAS_BACKEND"
"""Keras' own environment variable, read once, when it is imported."""


class Backend(Protocol):
    """What a backend's package has."""

    def make_policy(self, network: "Network", config: "TrainingConfig") -> "Policy":
        """Builds what plays with a network, and keeps of each step what its gradients need."""

    def make_gradients(self, network: "Network", config: "TrainingConfig") -> "Callable[[Rollout, Costs], Gradients]":
        """Builds what takes the gradients of a rollout that such a policy has played, clipped by their norm."""

    def make_apply(
        self, optimizer: "keras.optimizers.Adam", weights: "Sequence[keras.Variable]"
    ) -> "Callable[[Sequence[Any]], None]":
        """Builds what applies gradients, or the same as arrays, and makes the optimizer's statistics."""

    def make_read(self, weights: "Sequence[keras.Variable]") -> "Callable[[], Sequence[Any]]":
        """Builds what reads weights, in their order; no later update changes what was read."""

    def make_assign(self, weights: "Sequence[keras.Variable]") -> "Callable[[Sequence[Any]], None]":
        """Builds what puts into weights what was read of others, or the same as arrays."""

    def describe_path(self, network: "Network", config: "TrainingConfig") -> str | None:
        """Says in a line what a user should know of how this network is trained; None where there is nothing."""

    def use_threads(self, num_threads: int) -> None:
        """Prepares for so many workers' threads; before anything else."""

    def has_gpu(self) -> bool:
        """Says whether there is an accelerator."""


def choose_backend(name: str | None = None) -> str:
    """Turns Keras' switch; call before Keras is imported.

    Args:
        name: of the backend; None takes the one that the environment names, and TensorFlow where it names none.

    Returns:
        the name.

    Raises:
        UserError: there is no such backend, it is not installed, or Keras has begun with another.
    """
    name = name or os.environ.get(SWITCH) or "tensorflow"
    if name not in BACKENDS:
        raise UserError(f"expected a backend of {', '.join(BACKENDS)}, got {name!r}")
    if importlib.util.find_spec(name) is None:
        raise UserError(f"expected {name} for the backend {name}, but it is not installed; {BACKENDS[name]} names it")
    os.environ[SWITCH] = name
    if "keras" in sys.modules and running_backend() != name:
        raise UserError(f"expected Keras to run on {name}, but it has begun with {running_backend()}")
    return name


def load_backend() -> Backend:
    """Returns the package of the backend that Keras runs on.

    Raises:
        UserError: it is one that has no package.
    """
    name = running_backend()
    if name == "tensorflow":
        from xdrl.backends import tensorflow

        return tensorflow
    if name == "jax":
        from xdrl.backends import jax

        return jax
    raise UserError(f"expected Keras to run on {' or '.join(BACKENDS)}, got {name}; set {SWITCH}")


def running_backend() -> str:
    """Returns the name of the backend that Keras runs on."""
    import keras

    return keras.backend.backend()
