"""The agent that is meant, loaded: the game's run, the shipped agent, or the run trained last."""

from pathlib import Path

from xdrl.agent_folders import find_agent_folder
from xdrl.agents import Agent, load_agent
from xdrl.storage.runs import RUNS


def find_agent(
    game_name: str | None = None, folder: Path | None = None, runs: Path = RUNS, saved_models: Path | None = None
) -> Agent:
    """Loads the agent that is meant; arguments and errors as in `find_agent_folder`.

    Example:
        agent = xdrl.find_agent("Pong")
    """
    return load_agent(find_agent_folder(game_name, folder, runs, saved_models).path)
