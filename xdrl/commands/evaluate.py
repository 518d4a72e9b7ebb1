"""`evaluate`: whole games, and the figures of the paper's Table I."""

from pathlib import Path
from typing import Annotated

import typer
from rich.progress import track

from xdrl.commands.console import console
from xdrl.commands.loading import load_tensorflow
from xdrl.commands.options import AgentOption, GreedyOption, OptionalGame, SeedOption


def evaluate(
    game: OptionalGame = None,
    agent: AgentOption = None,
    episodes: Annotated[int, typer.Option(min=1, help="Whole games, the first that are started.")] = 100,
    protocol: Annotated[str, typer.Option(help="standard, sticky or paper.")] = "standard",
    greedy: GreedyOption = False,
    seed: SeedOption = 0,
    output: Annotated[Path | None, typer.Option(help="JSON with every game's score.")] = None,
) -> None:
    """Play whole games and report the figures of the paper's Table I."""
    load_tensorflow()
    from xdrl.agent_finder import find_agent
    from xdrl.environments import find_protocol
    from xdrl.evaluation import evaluation_record, play_episodes, save_json, summarise_episodes
    from xdrl.storage.runs import EVALUATION, is_run
    from xdrl.views.terminal import evaluation_view

    found = find_agent(game, agent)
    played = []
    games = play_episodes(found, find_protocol(protocol, found.game), episodes, is_greedy=greedy, seed=seed)
    for episode in track(games, f"Playing {found.game.name}", total=episodes, console=console):
        played.append(episode)
    record = evaluation_record(found, protocol, played, is_greedy=greedy, seed=seed)
    source = found.provenance.source
    title = f"{found.game.name}, {source}, {protocol} protocol, {record['actions']} actions"
    console.print(evaluation_view(title, summarise_episodes(played)))
    for path in [output] if output else [source / EVALUATION] if is_run(source) else []:
        save_json(path, record)
        console.print(f"Written: {path}")
