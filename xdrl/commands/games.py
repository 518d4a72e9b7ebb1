"""`games`: the paper's games and the agents that are shipped."""

from xdrl.commands.console import console


def games() -> None:
    """List the paper's games with its scores and the agents that are shipped."""
    from xdrl.standings import read_standing
    from xdrl.storage.saved_models import shipped_agents
    from xdrl.views.terminal import games_view

    console.print(games_view({name: read_standing(version) for name, version in shipped_agents().items()}))
