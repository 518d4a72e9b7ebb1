"""The agent that is meant, loaded: of the game's run, its export and the shipped agent the one that plays best."""

from pathlib import Path

from xdrl.agent_folders import Places, find_agent_folder
from xdrl.agents import Agent, load_agent


def find_agent(game_name: str | None = None, folder: Path | None = None, places: Places = Places()) -> Agent:
    """Loads the agent that is meant; arguments and errors as in `find_agent_folder`.

    Example:
        agent = xdrl.find_agent("Pong")
    """
    return load_agent(find_agent_folder(game_name, folder, places).path)
