"""`explain`: a game, and what at every step spoke for the action."""

from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress

from xdrl.commands.console import console
from xdrl.commands.loading import load_tensorflow
from xdrl.commands.options import AgentOption, OptionalGame, SeedOption


def explain(
    game: OptionalGame = None,
    agent: AgentOption = None,
    steps: Annotated[int, typer.Option(min=1, help="Agent steps of the game that are kept at most.")] = 2000,
    method: Annotated[str, typer.Option(help="grad-cam.")] = "grad-cam",
    target: Annotated[str, typer.Option(help="chosen, value, action:UP, contrast or contrast:UP.")] = "chosen",
    greedy: Annotated[
        bool, typer.Option("--greedy/--sample", help="Most probable actions, or drawn from the policy.")
    ] = False,
    seed: SeedOption = 0,
    output: Annotated[Path | None, typer.Option(help="Folder.  [default: explanations/GAME]")] = None,
) -> None:
    """Play a game and show at every step what on the screen spoke for the action."""
    load_tensorflow()
    from xdrl.agent_finder import find_agent
    from xdrl.environments import find_protocol
    from xdrl.evaluation import record_episode
    from xdrl.explainers import find_method
    from xdrl.explainers.targets import parse_target
    from xdrl.explanations import explain_episode, write_explanation

    found = find_agent(game, agent)
    find_method(method)
    parse_target(target, found.action_names)
    folder = output or Path("explanations") / found.game.name
    console.print(f"{found.game.name}: {found.provenance.source}, {found.provenance.agent_steps:,} agent steps trained")
    with console.status("Playing ..."):
        standard = find_protocol("standard", found.game)
        recording = record_episode(found, standard, steps, is_greedy=greedy, seed=seed)
    with console.status("Explaining ..."):
        episode = explain_episode(found, recording, target, method)
    with Progress(console=console) as bar:
        task = bar.add_task("Writing the video", total=len(recording.actions))
        record = write_explanation(found, episode, folder, lambda count: bar.update(task, completed=count))
    ending = "" if record["is_over"] else ", where --steps cut it"
    console.print(f"Score {record['score']:g} after {record['steps']:,} agent steps{ending}.")
    if record["share_blank"] > 0.5:
        console.print(f"{record['share_blank']:.0%} of the maps are blank: little that is seen speaks for the target.")
    console.print(f"Written: {folder}/video.mp4, {folder}/strip.png and {folder}/explanation.json")
