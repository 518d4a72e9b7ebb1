"""`figures`: the figures of the paper, from the agents that are shipped."""

from pathlib import Path
from typing import Annotated

import typer

from xdrl.commands.console import console
from xdrl.commands.loading import load_agents, quieten_matplotlib
from xdrl.commands.options import SeedOption
from xdrl.errors import UserError


def figures(
    agents: Annotated[
        list[Path] | None, typer.Argument(metavar="AGENT", help="Runs or exported agents.  [default: all shipped]")
    ] = None,
    steps: Annotated[int, typer.Option(min=1, help="Agent steps of each game to choose from.")] = 600,
    seed: SeedOption = 0,
    output: Annotated[Path, typer.Option(help="Folder.")] = Path("figures"),
) -> None:
    """Draw the paper's figures from agents that play.

    Fig. 1 is the architecture, Fig. 2 consecutive frames of each game, Fig. 3 the most telling step of each.
    """
    from xdrl.agent_folders import find_agent_folder
    from xdrl.storage.saved_models import SAVED_MODELS, shipped_agents

    folders = agents or list(shipped_agents().values())
    if not folders:
        raise UserError(f"expected agents, found none in {SAVED_MODELS}; get one: export Pong --promote")
    loaded = load_agents(*(find_agent_folder(None, folder) for folder in folders))
    quieten_matplotlib()
    from xdrl.explanations.paper_figures import make_figures

    with console.status("Playing and drawing ..."):
        for path in make_figures(loaded, output, steps, seed):
            console.print(f"Written: {path}")
