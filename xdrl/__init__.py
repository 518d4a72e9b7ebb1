"""Explainable deep reinforcement learning: train, explain and serve Atari agents."""

import importlib
import os
from typing import TYPE_CHECKING, Any

from xdrl.version import __version__ as __version__

if TYPE_CHECKING:
    from xdrl import explainers
    from xdrl.agent_finder import find_agent
    from xdrl.agents import Agent, Decision, Explanation, load_agent
    from xdrl.notebooks.games import play

__all__ = ["Agent", "Decision", "Explanation", "explainers", "find_agent", "load_agent", "play"]
_MODULES = {"explainers": "xdrl.explainers", "find_agent": "xdrl.agent_finder", "play": "xdrl.notebooks.games"}
"""Where what is not in `xdrl.agents` is."""

# TensorFlow reads both when it is imported. It leaves oneDNN off on some processors whose training it makes twice as
# fast.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")


def __getattr__(name: str) -> Any:
    """Imports agents and explainers on first use: they pull in TensorFlow, which takes seconds."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from xdrl.quiet import import_tensorflow

    import_tensorflow()
    module = importlib.import_module(_MODULES.get(name, "xdrl.agents"))
    return module if name == "explainers" else getattr(module, name)


def __dir__() -> list[str]:
    """Lists what the package offers, imported or not."""
    return sorted([*__all__, "__version__"])
