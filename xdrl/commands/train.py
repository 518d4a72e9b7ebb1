"""`train`: teach an agent a game."""

import signal
import threading
import time
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.live import Live

from xdrl.commands.console import console, errors
from xdrl.commands.loading import load_reader, load_tensorflow
from xdrl.commands.options import GameArgument

PLAIN_LINE_SECONDS = 30.0
"""Between two lines of a training run whose output goes to a file."""


def train(
    game: GameArgument,
    agent_steps: Annotated[
        int, typer.Option(min=1, help="Of the whole run, with those resumed and of --from.")
    ] = 10_000_000,
    minutes: Annotated[float | None, typer.Option(min=0, help="Bounds this call.")] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Threads.  [default: cores + 1, on a GPU up to 4]")] = None,
    envs_per_worker: Annotated[
        int | None, typer.Option(min=1, help="Environments each.  [default: 240 / rollout length, on a GPU 16 to 64]")
    ] = None,
    emulator_threads: Annotated[
        int | None, typer.Option(min=1, help="Of each worker.  [default: 1, on a GPU by the machine's cores]")
    ] = None,
    convolution_dtype: Annotated[
        str | None, typer.Option(help="float32 or bfloat16.  [default: bfloat16 where the processor multiplies it]")
    ] = None,
    rollout_length: Annotated[
        int | None,
        typer.Option(min=1, help="Agent steps between two updates.  [default: the game's, 20 or 40]"),
    ] = None,
    learning_rate: Annotated[float | None, typer.Option(min=0, help="Of Adam.  [default: the game's]")] = None,
    entropy_cost: Annotated[
        float | None, typer.Option(min=0, help="What keeps the policy from being sure too soon.  [default: the game's]")
    ] = None,
    network: Annotated[str | None, typer.Option(help="e-a3c or a3c.  [default: e-a3c]")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Of weights, games and actions.  [default: 0]")] = None,
    run_dir: Annotated[Path | None, typer.Option(help="Folder of the run.  [default: runs/GAME]")] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Put the run that is there aside and start anew.")] = False,
    from_agent: Annotated[
        Path | None, typer.Option("--from", help="Start a new run from this agent's weights.")
    ] = None,
    sticky: Annotated[
        float | None, typer.Option(min=0, max=1, help="Chance of a repeated action.  [default: 0]")
    ] = None,
    backend: Annotated[
        str | None, typer.Option(help="tensorflow or jax.  [default: KERAS_BACKEND, else tensorflow]")
    ] = None,
) -> None:
    """Train an agent; a run that is there goes on by itself."""
    from xdrl.games import find_game

    found = find_game(game)
    asked = {
        "num_workers": workers,
        "envs_per_worker": envs_per_worker,
        "emulator_threads": emulator_threads,
        "convolution_dtype": convolution_dtype,
        "rollout_length": rollout_length,
        "learning_rate": learning_rate,
        "entropy_cost": entropy_cost,
        "network": network,
        "seed": seed,
        "sticky_probability": sticky,
    }
    settings = {name: value for name, value in asked.items() if value is not None}
    console.print(f"Setting up {found.name} ...")
    suited = _start_backend(backend, workers, rollout_length or found.recipe.rollout_length)
    if from_agent:
        load_reader(from_agent)
    from xdrl.preparation import prepare_run
    from xdrl.storage.runs import locked, put_aside
    from xdrl.training import Budget

    folder = run_dir or Path("runs") / found.name
    if fresh and (aside := put_aside(folder)):
        console.print(f"The run that was in {folder} is now in {aside}.")
    with locked(folder):
        run = prepare_run(folder, found, settings, from_agent, suited)
        if run.notice:
            errors.print(f"warning: {run.notice}", style="yellow")
        budget = Budget(agent_steps, None if minutes is None else minutes * 60)
        _train_and_show(run, budget)


def _start_backend(name: str | None, workers: int | None, rollout_length: int) -> Any:
    """Starts what trains; returns what suits it on this machine."""
    from xdrl.backends import choose_backend, load_backend
    from xdrl.machine import count_cores, has_bfloat16, suitable_settings

    name = choose_backend(name)
    if name == "tensorflow":
        load_tensorflow()
    backend = load_backend()
    multiplies = name == "tensorflow" and has_bfloat16()
    suited = suitable_settings(count_cores(), backend.has_gpu(), rollout_length, multiplies)
    backend.use_threads(workers or suited.num_workers)
    return suited


def _train_and_show(run: Any, budget: Any) -> None:
    from xdrl.training import train as train_run
    from xdrl.views.terminal import training_line, training_view

    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    title = f"{run.training.game}, {run.training.network}, {run.run_dir}"
    started, first_steps, progress, printed = time.monotonic(), None, None, 0.0
    with Live(console=console, refresh_per_second=2, transient=not console.is_terminal) as live:
        for progress in train_run(run, budget, stop):
            first_steps = progress.agent_steps if first_steps is None else first_steps
            elapsed = time.monotonic() - started
            left = budget.seconds_left(progress.agent_steps, progress.agent_steps - first_steps, elapsed)
            if console.is_terminal:
                live.update(training_view(title, progress, budget.agent_steps, first_steps, left))
            elif elapsed - printed >= PLAIN_LINE_SECONDS:
                printed = elapsed
                console.print(training_line(progress), soft_wrap=True)
    if progress:
        console.print(f"Saved in {run.run_dir}: {progress.agent_steps:,} agent steps, {progress.frames:,} frames.")
