"""`table`: Table I of the paper, with the shipped agents beside it."""

import time
from pathlib import Path
from typing import Annotated

import typer

from xdrl.commands.console import console
from xdrl.commands.loading import load_agents
from xdrl.commands.options import GreedyOption, SeedOption
from xdrl.commands.playing import EVALUATION_THREADS, play_and_show


def table(
    agents: Annotated[
        list[Path] | None,
        typer.Argument(metavar="AGENT", help="Runs, exported agents or versions of them.  [default: all shipped]"),
    ] = None,
    episodes: Annotated[int, typer.Option(min=1, help="Whole games of each.")] = 100,
    protocol: Annotated[str, typer.Option(help="standard, sticky, paper, sb3, sb3-v5.")] = "standard",
    greedy: GreedyOption = False,
    seed: SeedOption = 0,
    output: Annotated[Path, typer.Option(help="Folder of table.md and table.json.")] = Path("table"),
) -> None:
    """Play whole games of every shipped agent, and print Table I of the paper with ours beside it."""
    from xdrl.agent_folders import find_agent_folder
    from xdrl.environments import find_protocol
    from xdrl.errors import UserError
    from xdrl.storage.saved_models import SAVED_MODELS, shipped_agents

    folders = agents or list(shipped_agents().values())
    if not folders:
        raise UserError(f"expected agents in {SAVED_MODELS}, found none; name some, or export Pong --promote")
    asked = [find_agent_folder(None, folder) for folder in folders]
    names = [each.game.name for each in asked]
    if len(set(names)) < len(names):
        raise UserError(f"expected one agent of a game, got {', '.join(sorted(names))}")
    for each in asked:
        find_protocol(protocol, each.game)
    loaded = load_agents(*asked, threads=EVALUATION_THREADS)
    from xdrl.storage.files import save_json, write_bytes
    from xdrl.table_one import make_table, table_to_json, table_to_markdown
    from xdrl.views.tables import table_view

    started = time.monotonic()
    records = {agent.game.name: play_and_show(agent, protocol, episodes, greedy, seed) for agent in loaded}
    rows, minutes = make_table(records), (time.monotonic() - started) / 60
    note = (
        f"Ours: {episodes} whole games of each, {protocol} protocol, {'greedy' if greedy else 'drawn'} actions, seed "
        f"{seed}, ± the standard error of the mean; played in {minutes:.1f} minutes."
    )
    console.print(table_view(rows, note))
    write_bytes(output / "table.md", table_to_markdown(rows, note).encode())
    save_json(output / "table.json", {"note": note, "rows": table_to_json(rows)})
    console.print(f"Written: {output}/table.md and {output}/table.json")
