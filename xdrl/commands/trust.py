"""`trust`: does the heatmap tell the truth about the agent, and which method's does?"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from xdrl.commands.console import console, following
from xdrl.commands.loading import load_agents, quieten_matplotlib
from xdrl.commands.options import AgentOption, OptionalGame
from xdrl.errors import UserError

FRAMES, FRAMES_OF_LEAGUE = 100, 40
"""Of an episode, for the costly tests: in a league, slow methods and their untrained twins see each a hundred times."""

if TYPE_CHECKING:  # they import TensorFlow, and arguments are checked before
    from xdrl.agents import Agent
    from xdrl.trust.records import Settings


def trust(
    game: OptionalGame = None,
    agent: AgentOption = None,
    methods: Annotated[
        str, typer.Option(help="An explanation method; several with commas, or all, for a league table.")
    ] = "grad-cam",
    episodes: Annotated[int, typer.Option(min=1, help="That are played; intervals are over them.")] = 5,
    steps: Annotated[int, typer.Option(min=20, help="Agent steps of an episode that are kept at most.")] = 1000,
    frames: Annotated[
        int | None,
        typer.Option(min=1, help="Of an episode that the costly tests look at.  [default: 100, of a league 40]"),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the games, and of what is random in the tests.")] = 0,
    compare: Annotated[
        Path | None, typer.Option(help="Another agent of the game, such as an a3c of like score.")
    ] = None,
    keep: Annotated[
        bool, typer.Option("--keep", help="Write what was found into the exported agent's own agent.json.")
    ] = False,
    output: Annotated[Path | None, typer.Option(help="Folder.  [default: trust/GAME]")] = None,
) -> None:
    """Test whether the heatmaps tell the truth.

    Seven tests, each beside maps that know nothing of the decision: objects, deletion and insertion, occlusion of
    objects, randomised weights, specificity, health; with intervals over episodes and a verdict for every claim.
    Of several methods, a league table: which of them answers which question.
    """
    from xdrl.agent_folders import find_agent_folder
    from xdrl.methods import choose_methods
    from xdrl.targets import CHOSEN, Target

    asked = find_agent_folder(game, agent)
    names, _ = choose_methods(methods, Target(CHOSEN))
    is_league = len(names) > 1
    if is_league and compare:
        raise UserError(f"expected one method to compare two agents with, got {len(names)}")
    if keep:
        _check_keeping(asked.path)
    rivals = [find_agent_folder(asked.game.name, compare)] if compare else []
    found, *others = load_agents(asked, *rivals)
    quieten_matplotlib()
    from xdrl.report.claims import TRUST
    from xdrl.trust.records import Settings

    settings = Settings(tuple(names), episodes, steps, seed, frames or (FRAMES_OF_LEAGUE if is_league else FRAMES))
    folder = output or TRUST / found.game.name
    if is_league:
        kept = _hold_league(found, settings, folder)
    else:
        kept = _examine(found, settings, others[0] if others else None, folder)
    if keep:
        _keep(kept, asked.path)


def _check_keeping(path: Path) -> None:
    from xdrl.storage.saved_models import AGENT_JSON

    if not (path / AGENT_JSON).exists():
        raise UserError(f"expected an exported agent to --keep it in, got {path}; `export` brings it along")


def _keep(fields: dict[str, Any], version: Path) -> None:
    """Writes what was found into an exported agent's version."""
    from xdrl.storage.saved_models import AGENT_JSON, update_agent_json

    update_agent_json(version, **fields)
    console.print(f"Kept in {version / AGENT_JSON}", soft_wrap=True)


def _examine(agent: "Agent", settings: "Settings", rival: "Agent | None", folder: Path) -> dict[str, Any]:
    """Runs the seven tests; returns what an agent's card keeps of them."""
    from xdrl.report.claims import TRUST_RECORD, claims_of_trust
    from xdrl.storage.files import save_json
    from xdrl.trust.examination import examine
    from xdrl.trust.figure import save_trust
    from xdrl.trust.records import to_json
    from xdrl.trust.view import trust_view

    with following() as show:
        result = examine(agent, settings, rival, show)
    record = to_json(result)
    console.print(trust_view(result))
    save_json(folder / TRUST_RECORD, record)
    save_trust(folder / "trust.png", result)
    console.print(f"Written: {folder}/{TRUST_RECORD} and {folder}/trust.png")
    return {"claims": claims_of_trust(record)}


def _hold_league(agent: "Agent", settings: "Settings", folder: Path) -> dict[str, Any]:
    """Holds a league; returns what an agent's card keeps of it."""
    from xdrl.report.known import LEAGUE_RECORD, fields_of_card
    from xdrl.storage.files import save_json
    from xdrl.trust.league import hold_league
    from xdrl.trust.league_figure import save_league
    from xdrl.trust.league_records import league_to_json
    from xdrl.trust.league_view import league_view

    with following() as show:
        league = hold_league(agent, settings, show)
    console.print(league_view(league))
    save_json(folder / LEAGUE_RECORD, league_to_json(league))
    save_league(folder / "league.png", league)
    console.print(f"Written: {folder}/{LEAGUE_RECORD} and {folder}/league.png")
    return fields_of_card(league.known, agent.game.name)
