"""`export`: a run's agent as a SavedModel, or as a file of weights."""

import dataclasses
from pathlib import Path
from typing import Annotated

import typer

from xdrl.commands.console import console
from xdrl.commands.loading import load_agents, load_reader
from xdrl.commands.options import GameArgument
from xdrl.errors import UserError


def export(
    game: GameArgument,
    run_dir: Annotated[Path | None, typer.Option(help="Folder of the run.  [default: runs/GAME]")] = None,
    output: Annotated[Path, typer.Option(help="Folder of all exported agents.")] = Path("saved_models"),
    weights: Annotated[
        Path | None, typer.Option(metavar="FILE.npz", help="Write this file of weights instead; numpy reads it.")
    ] = None,
) -> None:
    """Export a run's agent as the next version of a SavedModel, proved before it is put there."""
    if weights:
        _export_weights(game, run_dir, weights)
        return
    from xdrl.agent_folders import find_agent_folder
    from xdrl.games import find_game

    folder = run_dir or Path("runs") / find_game(game).name
    (agent,) = load_agents(find_agent_folder(game, folder).path)
    from serving.export import export_agent
    from xdrl.report.claims import find_claims

    if not agent.provenance.evaluations:
        console.print("These weights have not been evaluated; `evaluate` first, and the figures go along.")
    claims = find_claims(agent)
    if claims is None:
        console.print("Their heatmaps have not been tested; `trust` first, and what it finds goes along.")
    agent.provenance = dataclasses.replace(agent.provenance, claims=claims or ())
    with console.status("Exporting and proving ..."):
        version = export_agent(agent, output)
    console.print(f"Written: {version}")


def _export_weights(game: str, run_dir: Path | None, path: Path) -> None:
    from xdrl.games import find_game
    from xdrl.storage.stored_agents import read_agent, write_weights

    found = find_game(game)
    folder = run_dir or Path("runs") / found.name
    load_reader(folder)
    agent = read_agent(folder)
    if agent.game != found:
        raise UserError(f"expected an agent of {found.name} in {folder}, got one of {agent.game.name}")
    write_weights(agent, path)
    console.print(f"Written: {path}, {agent.provenance.agent_steps:,} agent steps trained")
