"""`export`: a run's agent as a SavedModel, or as a file of weights."""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from xdrl.commands.console import console
from xdrl.commands.loading import load_agents, load_reader, say_agent
from xdrl.commands.options import GameArgument
from xdrl.errors import UserError
from xdrl.views.choosing import standing_line

if TYPE_CHECKING:  # it imports numpy, and `--help` has no use for that
    from xdrl.agent_folders import AgentFolder


def export(
    game: GameArgument,
    run_dir: Annotated[Path | None, typer.Option(help="Folder of the run.  [default: runs/GAME]")] = None,
    output: Annotated[
        Path | None, typer.Option(help="Folder of all exported agents.  [default: exported_models]")
    ] = None,
    promote: Annotated[
        bool,
        typer.Option("--promote", help="Put it into saved_models, or --output, above whatever version stands there."),
    ] = False,
    weights: Annotated[
        Path | None, typer.Option(metavar="FILE.npz", help="Write this file of weights instead; numpy reads it.")
    ] = None,
) -> None:
    """Export a run's agent as the next version of a SavedModel, proved before it is put there."""
    from xdrl.agent_folders import find_agent_folder
    from xdrl.games import find_game
    from xdrl.storage.runs import RUNS
    from xdrl.storage.saved_models import EXPORTED_MODELS, SAVED_MODELS

    name = find_game(game).name
    asked = find_agent_folder(name, run_dir or RUNS / name)
    if weights:
        say_agent(asked)
        _export_weights(asked.path, weights)
        return
    folder = output or (SAVED_MODELS if promote else EXPORTED_MODELS)
    if not promote:
        _refuse_to_hide_better(asked, folder, output or SAVED_MODELS)
    (agent,) = load_agents(asked)
    from serving.export import export_agent
    from xdrl.report.claims import find_claims
    from xdrl.report.known import find_known

    if not agent.provenance.evaluations:
        console.print("These weights have not been evaluated; `evaluate` first, and the figures go along.")
    claims = find_claims(agent)
    if claims is None:
        console.print("Their heatmaps have not been tested; `trust` first, and what it finds goes along.")
    agent.provenance = dataclasses.replace(agent.provenance, claims=claims or (), league=find_known(agent))
    with console.status("Exporting and proving ..."):
        version = export_agent(agent, folder)
    console.print(f"Written: {version}")
    try:
        taken = find_agent_folder(name).standing
    except UserError:  # the agent and its export lie elsewhere, and there is no other
        return
    if asked.standing.is_below(taken):
        console.print(f"Commands go on to take {standing_line(taken)}; --agent {version} takes this one.")


def _refuse_to_hide_better(asked: "AgentFolder", folder: Path, promoted: Path) -> None:
    """Refuses to put an agent, as the newest version, where one stands that plays better.

    Raises:
        UserError: it is not shown to be as good.
    """
    from xdrl.standings import best_standing

    best = best_standing(folder / asked.game.name)
    if asked.standing.is_below(best):
        raise UserError(
            f"expected an agent as good as {standing_line(best)}, got {standing_line(asked.standing)}; `evaluate "
            f"{asked.game.name} --agent {asked.path}` may show it, --promote puts it into {promoted} all the same"
        )


def _export_weights(source: Path, path: Path) -> None:
    from xdrl.storage.stored_agents import read_agent, write_weights

    load_reader(source)
    agent = read_agent(source)
    write_weights(agent, path)
    console.print(f"Written: {path}, {agent.provenance.agent_steps:,} agent steps trained")
