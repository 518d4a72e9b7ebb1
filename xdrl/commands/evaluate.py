"""`evaluate`: whole games, and the figures of the paper's Table I."""

from pathlib import Path
from typing import Annotated

import typer

from xdrl.commands.console import console
from xdrl.commands.loading import load_agents
from xdrl.commands.options import AgentOption, OptionalGame, ProtocolOption, SeedOption
from xdrl.commands.playing import EVALUATION_THREADS, keep_record, play_and_show


def evaluate(
    game: OptionalGame = None,
    agent: AgentOption = None,
    episodes: Annotated[int, typer.Option(min=1, help="Whole games, the first that are started.")] = 100,
    protocol: ProtocolOption = None,
    greedy: Annotated[
        bool | None,
        typer.Option(
            "--greedy/--sample",
            help="Best actions, or drawn.  [default: drawn; under sb3 as the agent's library does]",
        ),
    ] = None,
    seed: SeedOption = 0,
    output: Annotated[Path | None, typer.Option(help="JSON with every game's score.")] = None,
) -> None:
    """Play whole games and report the figures of the paper's Table I."""
    from xdrl.agent_folders import find_agent_folder
    from xdrl.environments import find_protocol

    asked = find_agent_folder(game, agent)
    if protocol:
        find_protocol(protocol, asked.game)
    (found,) = load_agents(asked, threads=EVALUATION_THREADS)
    from xdrl.storage.files import save_json

    protocol = protocol or found.protocol_name
    is_greedy = protocol.startswith("sb3") and found.is_judged_greedily if greedy is None else greedy
    record = play_and_show(found, protocol, episodes, is_greedy, seed)
    if output:
        save_json(output, record)
        console.print(f"Written: {output}")
    else:
        keep_record(found, record)
