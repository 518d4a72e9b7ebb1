"""`intervene`: what does the agent do where the game itself is changed?"""

from pathlib import Path
from typing import Annotated

import typer

from xdrl.commands.console import console, following
from xdrl.commands.loading import load_agents
from xdrl.commands.options import AgentOption, OptionalGame, SeedOption

INTERVENTIONS = Path("interventions")


def intervene(
    game: OptionalGame = None,
    agent: AgentOption = None,
    games: Annotated[int, typer.Option(min=2, help="That are played under each rule; intervals are over them.")] = 10,
    steps: Annotated[int, typer.Option(min=10, help="Agent steps of a game in which objects are moved.")] = 500,
    seed: SeedOption = 0,
    output: Annotated[Path | None, typer.Option(help="JSON.  [default: interventions/GAME.json]")] = None,
) -> None:
    """Change the game itself, and see what the agent does.

    Objects are moved in the memory of the console, so that a real screen shows them elsewhere; and whole games are
    played in which the enemy behaves otherwise. For games whose memory is known: Pong.
    """
    from xdrl.agent_folders import find_agent_folder
    from xdrl.interventions.changes import find_changes

    asked = find_agent_folder(game, agent)
    find_changes(asked.game)
    (found,) = load_agents(asked)
    from xdrl.interventions.experiment import experiment_to_json, run_experiment
    from xdrl.storage.files import save_json
    from xdrl.views.interventions_view import interventions_view

    with following() as show:
        experiment = run_experiment(found, games, steps, seed, show)
    console.print(interventions_view(experiment))
    path = output or INTERVENTIONS / f"{found.game.name}.json"
    save_json(path, experiment_to_json(experiment))
    console.print(f"Written: {path}")
