"""Plays a game over REST: every screen goes to the server, the action comes back, the agent's memory goes along.

    python cli.py serve &
    python examples/play_over_rest.py Pong

The client knows nothing of TensorFlow; the game is played as `cli.py evaluate` plays it.
"""

import sys
import time
from collections import Counter
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.progress_bar import ProgressBar
from rich.table import Table


def main(
    game: Annotated[str, typer.Argument(metavar="GAME", help="Of an agent that is served, such as Pong.")],
    url: Annotated[str, typer.Option(help="Of the server.")] = "http://127.0.0.1:8501",
    steps: Annotated[int, typer.Option(min=1, help="Stop after so many, where the game is not over.")] = 27_000,
    seed: Annotated[int, typer.Option(min=0, help="Of the game, and of the actions that are drawn.")] = 0,
    protocol: Annotated[str, typer.Option(help="How it is played: sb3 for agents of other libraries.")] = "standard",
    greedy: Annotated[bool, typer.Option("--greedy/--sample", help="The most probable actions, or drawn.")] = False,
) -> None:
    """Play one game over REST, then show its score and what was pressed."""
    from serving.client import AgentClient
    from serving.errors import ServingError
    from xdrl.environments import VectorEnvironment, find_protocol
    from xdrl.errors import UserError
    from xdrl.games import find_game

    try:
        found = find_game(game)
        with AgentClient(url, found.name) as client:
            player = client.play(sample=not greedy, seed=seed)
            environment = VectorEnvironment(found, 1, find_protocol(protocol, found))
            screens, score, pressed, started = environment.reset(seed), 0.0, Counter[str](), time.monotonic()
            while pressed.total() < steps:
                answer = player.step(screens[0])
                taken = environment.step(np.array([answer.action]))
                screens, score = taken.screens, score + float(taken.rewards[0])
                pressed[answer.action_name] += 1
                if taken.is_fresh[0]:  # another life, where the rules have it so
                    player.reset()
                if taken.is_terminated[0] or taken.is_truncated[0]:
                    break
            environment.close()
    except (ServingError, UserError) as error:
        Console(stderr=True).print(f"error: {error}", style="red", markup=False, highlight=False, soft_wrap=True)
        raise typer.Exit(1) from error
    seconds = time.monotonic() - started
    title = f"{found.name}: score {score:g} after {pressed.total():,} steps, {pressed.total() / seconds:.0f} a second"
    Console().print(_pressed_view(title, pressed))


def _pressed_view(title: str, pressed: Counter[str]) -> Table:
    table = Table(title=title, show_header=False)
    for name, count in pressed.most_common():
        table.add_row(name, ProgressBar(total=pressed.total(), completed=count, width=30), f"{count:,}")
    return table


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))  # the project is used where it lies
    typer.run(main)
