"""What commands load only when they need it, and quietly: TensorFlow, and matplotlib."""

import importlib.util
import logging
from pathlib import Path
from typing import Any

from xdrl.quiet import import_tensorflow


def load_tensorflow() -> None:
    """Makes TensorFlow what Keras runs on, and imports it."""
    from xdrl.backends import choose_backend

    choose_backend("tensorflow")  # what is not training has no other
    import_tensorflow()


def load_agents(*paths: Path, threads: int | None = None) -> list[Any]:
    """Imports TensorFlow, and loads agents; what can be wrong with a call has been found by then.

    Args:
        paths: of the agents.
        threads: that the backend may use; None leaves that to it.
    """
    load_tensorflow()
    from xdrl.agents import load_agent
    from xdrl.backends import load_backend

    if threads:
        load_backend().use_threads(threads)
    return [load_agent(path) for path in paths]


def load_reader(agent: Path) -> None:
    """Imports TensorFlow where it takes it to read an agent; where it is not installed, reading it says so."""
    from xdrl.storage.stored_agents import needs_tensorflow

    if needs_tensorflow(agent) and importlib.util.find_spec("tensorflow"):
        import_tensorflow()


def quieten_matplotlib() -> None:
    """Keeps matplotlib from reporting that it makes a cache of fonts, which it does once and is no news."""
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
