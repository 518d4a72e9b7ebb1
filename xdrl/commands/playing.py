"""Whole games, played for their score: what the commands that do it show and keep."""

import threading
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from xdrl.commands.console import PlainLines, console

_COLUMNS = (
    TextColumn("{task.description}"),
    BarColumn(20),
    MofNCompleteColumn(),
    TextColumn("{task.fields[mean]}, {task.fields[steps]:,} steps"),
    TimeElapsedColumn(),
    TextColumn("left"),
    TimeRemainingColumn(),
)
EVALUATION_THREADS = 2
"""That play the games: the same everywhere, since the games differ with their number."""


def play_and_show(agent: Any, protocol: str, episodes: int, greedy: bool, seed: int) -> dict[str, Any]:
    """Plays whole games under a progress bar, shows the figures and returns the record of the evaluation."""
    from xdrl.environments import find_protocol
    from xdrl.evaluation import evaluation_record, play_episodes, summarise_episodes
    from xdrl.views.terminal import evaluation_view, mean_line

    rules, steps, lock = find_protocol(protocol, agent.game), 0, threading.Lock()
    played: list[Any] = []
    with Progress(*_COLUMNS, console=console) as bar:
        task = bar.add_task(f"Playing {agent.game.name}", total=episodes, mean="no game has ended yet", steps=0)
        lines, doing = PlainLines(), bar.tasks[task]

        def count(number: int) -> None:
            nonlocal steps
            with lock:
                steps += number
                bar.update(task, steps=steps)
                lines.say(lambda: f"{len(played)} of {episodes} games: {doing.fields['mean']}, {steps:,} agent steps")

        options: dict[str, Any] = {"is_greedy": greedy, "seed": seed, "num_threads": EVALUATION_THREADS}
        for game in play_episodes(agent, rules, episodes, **options, on_steps=count):
            played.append(game)
            bar.update(task, advance=1, mean=mean_line(summarise_episodes(played)))
    record = evaluation_record(agent, protocol, played, is_greedy=greedy, seed=seed)
    title = f"{agent.game.name}, {agent.provenance.source}, {protocol} protocol, {record['actions']} actions"
    console.print(evaluation_view(title, summarise_episodes(played)))
    return record


def keep_record(agent: Any, record: dict[str, Any]) -> None:
    """Writes the record of an evaluation into the run that the agent is of, or the folder it was imported to."""
    from xdrl.storage.imported_agents import is_imported
    from xdrl.storage.runs import is_run, save_evaluation

    folder = agent.provenance.source
    if is_run(folder) or is_imported(folder):
        console.print(f"Written: {save_evaluation(folder, record)}")
