"""`import`: an agent that another library trained, for every other command."""

import dataclasses
from pathlib import Path
from typing import Annotated

import typer

from xdrl.commands.console import console
from xdrl.commands.options import complete_game
from xdrl.errors import UserError
from xdrl.invocation import program


def import_agent(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A zip of Stable-Baselines3, a state file, a model of Keras.")
    ],
    game: Annotated[
        str, typer.Option(autocompletion=complete_game, help="That it plays: Breakout, PongNoFrameskip-v4, ...")
    ],
    mapping: Annotated[
        Path | None, typer.Option(metavar="FILE.json", help="Which layers of a network of your own are which.")
    ] = None,
    protocol: Annotated[
        str, typer.Option(help="As it was taught: sb3 on NoFrameskip-v4, sb3-v5 on ALE/...-v5; or one of ours.")
    ] = "sb3",
    output: Annotated[Path | None, typer.Option(help="Folder of the agent.  [default: imported/GAME]")] = None,
) -> None:
    """Import an agent of Stable-Baselines3, sb3-contrib, CleanRL, or your own code.

    Its tensors are read, and nothing of the file is run. The other commands take the folder as `--agent`.
    """
    from xdrl.environments import action_names, find_protocol
    from xdrl.games import find_game
    from xdrl.imports import read_foreign_agent
    from xdrl.own_config import OwnConfig
    from xdrl.storage.imported_agents import AGENT_FILE, IMPORTED
    from xdrl.storage.runs import EVALUATIONS, is_run
    from xdrl.storage.weights_files import WeightsFile, write_weights_file

    found = find_game(game)
    find_protocol(protocol, found)
    own = action_names(found)
    config, weights, agent_steps = read_foreign_agent(file, own, found.name, mapping)
    config = dataclasses.replace(config, protocol=protocol)
    folder = output or IMPORTED / found.name
    if is_run(folder):
        raise UserError(f"expected a folder of its own for an imported agent, got {folder}, which holds a run")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / EVALUATIONS).unlink(missing_ok=True)  # of the agent that was there before
    write_weights_file(folder / AGENT_FILE, WeightsFile(found.name, config, agent_steps, 0.0, weights))
    count = sum(array.size for array in weights.values())
    console.print(f"{found.name}: {config.kind}, {count:,} weights, {agent_steps:,} agent steps trained")
    if config.action_names != own:
        all_of_them = f"all {config.num_actions} actions (full_action_space)"
        console.print(f"It plays with {all_of_them}; {found.name} needs {len(own)}.", soft_wrap=True)
    if isinstance(config, OwnConfig) and config.has_no_value:
        console.print("It has a policy alone: 0 stands for its value.")
    if config.epsilon:
        console.print(f"Drawn, {config.epsilon:.0%} of its actions are random; --greedy takes the best alone.")
    console.print(f"Written: {folder}. Go on with: {program()} evaluate {found.name} --agent {folder}", soft_wrap=True)
