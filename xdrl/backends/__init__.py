"""What differs between Keras backends: how functions are compiled and gradients are taken; and which one is at work.

Every backend is a package with the same names: `Policy`, `GradientFunction`, `ApplyFunction`, `CopyFunction`,
`use_threads` and `has_gpu`.
"""

import importlib.util
import os
import sys
from types import ModuleType

from xdrl.errors import UserError

BACKENDS = {"tensorflow": "requirements.txt", "jax": "requirements-jax.txt"}
"""Names that Keras knows them by, and the file that names what each needs."""
SWITCH = "KERAS_BACKEND"
"""Keras' own environment variable, read once, when it is imported."""


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


def load_backend() -> ModuleType:
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
