"""Whole games, played for their score: what the commands that do it show and keep."""

from typing import Any

from rich.progress import track

from xdrl.commands.console import console

EVALUATION_THREADS = 2
"""That play the games: the same everywhere, since the games differ with their number."""


def play_and_show(agent: Any, protocol: str, episodes: int, greedy: bool, seed: int) -> dict[str, Any]:
    """Plays whole games under a progress bar, shows the figures and returns the record of the evaluation."""
    from xdrl.environments import find_protocol
    from xdrl.evaluation import evaluation_record, play_episodes, summarise_episodes
    from xdrl.views.terminal import evaluation_view

    rules, title = find_protocol(protocol, agent.game), f"Playing {agent.game.name}"
    games = play_episodes(agent, rules, episodes, is_greedy=greedy, seed=seed, num_threads=EVALUATION_THREADS)
    played = list(track(games, title, total=episodes, console=console))
    record = evaluation_record(agent, protocol, played, is_greedy=greedy, seed=seed)
    title = f"{agent.game.name}, {agent.provenance.source}, {protocol} protocol, {record['actions']} actions"
    console.print(evaluation_view(title, summarise_episodes(played)))
    return record


def keep_record(agent: Any, record: dict[str, Any]) -> None:
    """Writes the record of an evaluation into the run that the agent is of, if it is one's."""
    from xdrl.storage.runs import is_run, save_evaluation

    if is_run(agent.provenance.source):
        console.print(f"Written: {save_evaluation(agent.provenance.source, record)}")
