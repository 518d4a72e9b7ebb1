"""`recipe`: how a game is learned, or how an agent was made."""

from typing import Annotated

import typer

from xdrl.commands.console import console
from xdrl.commands.options import AgentOption, OptionalGame
from xdrl.errors import UserError


def recipe(
    game: OptionalGame = None,
    agent: AgentOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Plain JSON, as a run's config.json has it.")] = False,
) -> None:
    """Show how a game is learned, or the settings and the calls of `train` that made an agent."""
    import json

    from xdrl.config import recipe_to_json
    from xdrl.games import find_game
    from xdrl.recipes import Recipe
    from xdrl.storage.stored_agents import read_making
    from xdrl.views.recipes import recipe_view

    if agent:
        training, history = read_making(agent)
        if training is None:
            raise UserError(f"expected an agent that says how it was made in {agent}, got one that does not")
        settings: Recipe = training
        title = f"{training.game}, {agent}: how it was made"
    else:
        if game is None:
            raise UserError("expected a GAME, or --agent with a run or an exported agent, got neither")
        found = find_game(game)
        settings, history = found.recipe, ()
        title = f"{found.name}: what `train {found.name}` does"
    if as_json:
        console.print_json(json.dumps(recipe_to_json(settings)))
    else:
        console.print(recipe_view(title, settings, history))
