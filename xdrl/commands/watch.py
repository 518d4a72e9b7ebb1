"""`watch`: the agent plays live in the browser."""

from typing import Annotated

import typer

from xdrl.commands.console import console, end_at_once
from xdrl.commands.loading import load_agents
from xdrl.commands.options import AgentOption, GreedyOption, OptionalGame, ProtocolOption, SeedOption


def watch(
    game: OptionalGame = None,
    agent: AgentOption = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8502,
    protocol: ProtocolOption = None,
    greedy: GreedyOption = False,
    seed: SeedOption = 0,
    stay: Annotated[bool, typer.Option("--stay", help="Go on when the last page is closed.")] = False,
) -> None:
    """Watch the agent play live in the browser.

    Its heatmap, probabilities and value are shown at every step; pause, step, and change method and target.
    """
    from xdrl.agent_folders import find_agent_folder
    from xdrl.environments import find_protocol

    asked = find_agent_folder(game, agent)
    if protocol:
        find_protocol(protocol, asked.game)
    (found,) = load_agents(asked)
    from xdrl.report.watch import serve_watch

    def announce(url: str) -> None:
        console.print(f"{found.game.name}, {found.provenance.source}: open {url}", soft_wrap=True)
        console.print("Ctrl-C stops." if stay else "Ctrl-C stops, and so does closing the page.")

    name = protocol or found.protocol_name
    serve_watch(found, host, port, protocol_name=name, is_greedy=greedy, seed=seed, stays=stay, on_ready=announce)
    end_at_once(0)
