"""Arguments and options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer


def complete_game() -> list[str]:
    """Returns the games that the shell offers: the paper's."""
    from xdrl.games import GAMES

    return list(GAMES)


GameArgument = Annotated[
    str, typer.Argument(metavar="GAME", autocompletion=complete_game, help="Qbert, demon_attack, ALE/Breakout-v5, ...")
]
OptionalGame = Annotated[
    str | None, typer.Argument(metavar="GAME", autocompletion=complete_game, help="Name of the game; see `games`.")
]
AgentOption = Annotated[
    Path | None, typer.Option("--agent", help="A run, an exported agent, one version of it, or a weights file.")
]
GreedyOption = Annotated[
    bool, typer.Option("--greedy/--sample", help="Most probable actions, or drawn from the policy.")
]
ProtocolOption = Annotated[
    str | None,
    typer.Option(help="standard, sticky, paper, sb3, sb3-v5.  [default: the one it was made for]"),
]
SeedOption = Annotated[int, typer.Option(min=0, help="Of the games and of the actions that are drawn.")]
