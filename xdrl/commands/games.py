"""`games`: the paper's games and the agents that are shipped."""

from xdrl.commands.console import console


def games() -> None:
    """List the paper's games with its scores and the agents that are shipped."""
    from xdrl.storage.saved_models import read_agent_json, shipped_agents
    from xdrl.views.terminal import games_view

    shipped = shipped_agents()
    steps = {name: read_agent_json(version)["training"]["agent_steps"] for name, version in shipped.items()}
    console.print(games_view(shipped, steps))
