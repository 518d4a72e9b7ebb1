"""Explainable deep reinforcement learning: train, explain and serve Atari agents."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from xdrl import explainers
    from xdrl.agents import Agent, load_agent

__all__ = ["Agent", "explainers", "load_agent"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """Imports agents and explainers on first use: they pull in TensorFlow, which takes seconds."""
    if name == "explainers":
        return importlib.import_module("xdrl.explainers")
    if name in __all__:
        from xdrl import agents

        return getattr(agents, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
