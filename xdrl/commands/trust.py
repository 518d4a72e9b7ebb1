"""`trust`: does the heatmap tell the truth about the agent?"""

from pathlib import Path
from typing import Annotated

import typer

from xdrl.commands.console import console, following
from xdrl.commands.loading import load_agents, quieten_matplotlib
from xdrl.commands.options import AgentOption, OptionalGame


def trust(
    game: OptionalGame = None,
    agent: AgentOption = None,
    methods: Annotated[str, typer.Option(help="Names of explanation methods, with commas.")] = "grad-cam",
    episodes: Annotated[int, typer.Option(min=1, help="That are played; intervals are over them.")] = 5,
    steps: Annotated[int, typer.Option(min=20, help="Agent steps of an episode that are kept at most.")] = 1000,
    seed: Annotated[int, typer.Option(min=0, help="Of the games, and of what is random in the tests.")] = 0,
    compare: Annotated[
        Path | None, typer.Option(help="Another agent of the game, such as an a3c of like score.")
    ] = None,
    output: Annotated[Path | None, typer.Option(help="Folder.  [default: trust/GAME]")] = None,
) -> None:
    """Test whether the heatmaps tell the truth.

    Seven tests, each beside maps that know nothing of the decision: objects, deletion and insertion, occlusion of
    objects, randomised weights, specificity, health; with intervals over episodes and a verdict for every claim.
    """
    from xdrl.agent_folders import find_agent_folder
    from xdrl.methods import find_row

    asked = find_agent_folder(game, agent)
    names = tuple(name.strip() for name in methods.split(",") if name.strip())
    for name in names:
        find_row(name)
    rivals = [find_agent_folder(asked.game.name, compare)] if compare else []
    found, *others = load_agents(asked, *rivals)
    quieten_matplotlib()
    from xdrl.report.claims import TRUST, TRUST_RECORD
    from xdrl.storage.files import save_json
    from xdrl.trust.examination import examine
    from xdrl.trust.figure import save_trust
    from xdrl.trust.records import Settings, to_json
    from xdrl.trust.view import trust_view

    settings = Settings(methods=names, num_episodes=episodes, max_steps=steps, seed=seed)
    with following() as show:
        result = examine(found, settings, others[0] if others else None, show)
    folder = output or TRUST / found.game.name
    console.print(trust_view(result))
    save_json(folder / TRUST_RECORD, to_json(result))
    save_trust(folder / "trust.png", result)
    console.print(f"Written: {folder}/{TRUST_RECORD} and {folder}/trust.png")
