"""Explainable deep reinforcement learning: train, explain and serve Atari agents."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from xdrl.agents import Agent, load_agent

__all__ = ["Agent", "load_agent"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """Imports the agent's module on first use: it pulls in TensorFlow, which takes seconds."""
    if name in __all__:
        from xdrl import agents

        return getattr(agents, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
