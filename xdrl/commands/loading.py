"""What commands load only when they need it, and quietly: TensorFlow, and matplotlib."""

import importlib.util
import logging
import os
from pathlib import Path

from xdrl.commands.console import errors


def load_tensorflow() -> None:
    """Makes TensorFlow what Keras runs on, and imports it."""
    from xdrl.backends import choose_backend

    choose_backend("tensorflow")  # what is not training has no other
    _import_tensorflow()


def load_reader(agent: Path) -> None:
    """Imports TensorFlow where it takes it to read an agent; where it is not installed, reading it says so."""
    from xdrl.storage.stored_agents import needs_tensorflow

    if needs_tensorflow(agent) and importlib.util.find_spec("tensorflow"):
        _import_tensorflow()


def quieten_matplotlib() -> None:
    """Keeps matplotlib from reporting that it makes a cache of fonts, which it does once and is no news."""
    logging.getLogger("matplotlib").setLevel(logging.ERROR)


def _import_tensorflow() -> None:
    """Imports TensorFlow with the process's error stream shut: what it logs there then, no setting of its own stops."""
    errors.file.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        import tensorflow

        tensorflow.config.list_physical_devices()
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
