"""`train`: teach an agent a game."""

import dataclasses
import sys
import threading
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.live import Live

from xdrl.commands.console import PlainLines, console, end_at_once, errors
from xdrl.commands.loading import load_reader, load_tensorflow
from xdrl.commands.options import GameArgument
from xdrl.commands.playing import keep_record, play_and_show
from xdrl.invocation import program
from xdrl.signals import GRACE_SECONDS
from xdrl.views.choosing import standing_line


def train(
    game: GameArgument,
    agent_steps: Annotated[
        int | None,
        typer.Option(min=1, help="Of the whole run, with those resumed and of --from.  [default: the game's]"),
    ] = None,
    minutes: Annotated[float | None, typer.Option(min=0, help="Bounds this call.")] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="[default: cores + 1, on a GPU up to 4, on Ray its cores]")
    ] = None,
    envs_per_worker: Annotated[
        int | None, typer.Option(min=1, help="Environments each.  [default: 240 / rollout length, on a GPU 16 to 64]")
    ] = None,
    network: Annotated[str | None, typer.Option(help="e-a3c or a3c.  [default: e-a3c]")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Of weights, games and actions.  [default: 0]")] = None,
    sticky: Annotated[
        float | None, typer.Option(min=0, max=1, help="Chance of a repeated action.  [default: the game's]")
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            help="Any setting that `recipe GAME` shows; PROGRESS:VALUE,... for one that changes over the run.",
        ),
    ] = None,
    run_dir: Annotated[Path | None, typer.Option(help="Folder of the run.  [default: runs/GAME]")] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Put the run that is there aside and start anew.")] = False,
    from_agent: Annotated[
        Path | None, typer.Option("--from", help="Start a new run from this agent's weights.")
    ] = None,
    episodes: Annotated[
        int, typer.Option(min=0, help="Whole games to evaluate with once the budget is used; 0 for none.")
    ] = 100,
    backend: Annotated[
        str | None, typer.Option(help="tensorflow or jax.  [default: KERAS_BACKEND, else tensorflow]")
    ] = None,
    engine: Annotated[str, typer.Option(help="threads, or ray: processes here, or on many machines.")] = "threads",
    ray_address: Annotated[
        str | None, typer.Option(metavar="HOST:PORT", help="Ray cluster to join.  [default: one is started here]")
    ] = None,
    max_policy_lag: Annotated[
        int | None, typer.Option(min=0, help="Updates, beyond which gradients are dropped.  [default: 0, any number]")
    ] = None,
) -> None:
    """Train an agent until its budget is used, and see how well it plays; a run that is there goes on by itself."""
    from xdrl.engines.choice import choose_engine
    from xdrl.games import find_game
    from xdrl.settings import parse_settings

    found = find_game(game)
    asked = {
        "agent_steps": agent_steps,
        "num_workers": workers,
        "envs_per_worker": envs_per_worker,
        "network": network,
        "seed": seed,
        "sticky_probability": sticky,
        "max_policy_lag": max_policy_lag,
    }
    settings = {name: value for name, value in asked.items() if value is not None} | parse_settings(set_ or ())
    make_engine = choose_engine(engine, ray_address)
    rollout_length = settings.get("rollout_length", found.recipe.rollout_length)
    suited = _start_backend(backend, settings.get("num_workers"), rollout_length)
    if engine == "ray":
        suited = _suit_cluster(suited, rollout_length, ray_address)
    if from_agent:
        load_reader(from_agent)
    from xdrl.backends import load_backend, running_backend
    from xdrl.networks import build_network
    from xdrl.preparation import prepare_run
    from xdrl.standings import read_standing
    from xdrl.storage.histories import add_call, describe_call
    from xdrl.storage.runs import locked, put_aside
    from xdrl.views.training import next_lines

    own = Path("runs") / found.name
    folder = run_dir or own
    if fresh and (aside := put_aside(folder)):
        console.print(f"The run that was in {folder} is now in {aside}.")
    console.print("Reading the run; of a new one, playing at random to see what stands still ...")
    with locked(folder):
        run = prepare_run(folder, found, settings, from_agent, suited)
        call = describe_call(sys.argv[1:], run.agent_steps)
        run = dataclasses.replace(run, history=add_call(run.history, call))
        if from_agent:
            console.print(f"From {standing_line(read_standing(from_agent))}", soft_wrap=True, highlight=False)
        if run.notice:
            errors.print(f"warning: {run.notice}", style="yellow")
        if note := load_backend().describe_path(build_network(run.network), run.training):
            console.print(note, soft_wrap=True)
        if run.earlier_budget not in (None, run.training.agent_steps):
            budgets = f"from {run.earlier_budget:,} to {run.training.agent_steps:,} agent steps"
            console.print(f"The budget goes {budgets}; the schedules are stretched over it.", soft_wrap=True)
        if run.is_finished:
            console.print(f"The run has used its budget; --agent-steps above {run.training.agent_steps:,} goes on.")
            return
        agent_steps_now = _train_and_show(run, None if minutes is None else minutes * 60, make_engine)
    is_finished = agent_steps_now >= run.training.agent_steps
    if is_finished and episodes and running_backend() == "tensorflow":
        console.print("The budget is used. How well does the agent play? Ctrl-C leaves that to `evaluate`.")
        from xdrl.agents import load_agent  # TensorFlow's

        agent = load_agent(folder)
        keep_record(agent, play_and_show(agent, "standard", episodes, greedy=False, seed=0))
    for line in next_lines(program(), found.name, str(folder), folder == own, is_finished):
        console.print(line, soft_wrap=True, highlight=False)


def _start_backend(name: str | None, workers: int | None, rollout_length: int) -> Any:
    """Starts what trains; returns what suits it on this machine."""
    from xdrl.backends import choose_backend, load_backend
    from xdrl.machine import count_cores, has_bfloat16, suitable_settings

    name = choose_backend(name)
    console.print(f"Loading {name} ...")
    if name == "tensorflow":
        load_tensorflow()
    backend = load_backend()
    multiplies = name == "tensorflow" and has_bfloat16()
    suited = suitable_settings(count_cores(), backend.has_gpu(), rollout_length, multiplies)
    backend.use_threads(workers or suited.num_workers)
    return suited


def _suit_cluster(suited: Any, rollout_length: int, ray_address: str | None) -> Any:
    """Joins the cluster where one is named; returns what suits its machines: a worker a core, whatever GPU is here."""
    from xdrl.engines.ray_cluster import connect, count_cluster_cores
    from xdrl.machine import count_cores, suitable_settings

    if ray_address is not None:
        connect(ray_address, 0)
    num_cores = count_cores() if ray_address is None else max(1, count_cluster_cores())
    multiplies = suited.convolution_dtype == "bfloat16"
    return suitable_settings(num_cores, False, rollout_length, multiplies)._replace(num_workers=num_cores)


def _train_and_show(run: Any, seconds: float | None, make_engine: Any) -> int:
    """Trains until the budget or the time is used, or a signal asks to stop; returns the agent steps of the run."""
    from xdrl.signals import signals_that_stop
    from xdrl.training import train as train_run
    from xdrl.views.training import training_line

    stop, display, said, lines = threading.Event(), _make_display(run, seconds), "", PlainLines()
    live = Live(display, console=console, refresh_per_second=2, transient=not console.is_terminal)

    # What builds networks or compiles them hears nothing for long, and before the first steps nothing is lost.
    impatience = threading.Timer(GRACE_SECONDS, _end_before_first_steps, (run, display, live))
    impatience.daemon = True

    def ask_to_stop() -> None:
        if not stop.is_set():
            stop.set()
            display.is_ending = True
            impatience.start()

    def say_stage() -> None:
        nonlocal said
        if not console.is_terminal and display.stage() != said:
            said = display.stage()
            console.print(f"{said} ...", soft_wrap=True)

    with signals_that_stop(ask_to_stop), live:
        say_stage()
        for progress in train_run(run, stop, seconds, make_engine):
            display.update(progress)
            say_stage()
            lines.say(partial(training_line, progress))
    impatience.cancel()
    _say_saved(run.run_dir, display.pace.agent_steps)
    return int(display.pace.agent_steps)


def _make_display(run: Any, seconds: float | None) -> Any:
    """Makes what shows a run, with its curve so far and that of the game's shipped agent; says what to expect."""
    from xdrl.courses import read_course
    from xdrl.storage.progress import PROGRESS, read_progress
    from xdrl.storage.saved_models import shipped_agents
    from xdrl.views.pace import Pace
    from xdrl.views.training import TrainingDisplay, course_line

    config, version = run.training, shipped_agents().get(run.training.game)
    course = read_course(version) if version else None
    if course and run.agent_steps < course.milestones[0][0]:
        console.print(course_line(course), soft_wrap=True, highlight=False)
    rows = read_progress(run.first_log or run.run_dir / PROGRESS)
    points = [(row.agent_steps, row.score_mean_100) for row in rows if row.agent_steps <= run.agent_steps]
    title = f"{config.game}, {config.network}, {run.run_dir}"
    pace = Pace(run.agent_steps, config.agent_steps, seconds)
    return TrainingDisplay(title, pace, config.agent_steps, points, course)


def _end_before_first_steps(run: Any, display: Any, live: Live) -> None:
    """Ends the process where a run that was told to stop has taken no step, and so has nothing that is not saved."""
    if not display.pace.has_begun:
        try:
            live.stop()
            _say_saved(run.run_dir, run.agent_steps)
        finally:  # the terminal may be closed
            end_at_once(0)


def _say_saved(run_dir: Path, steps: int) -> None:
    from xdrl.config import FRAMES_PER_STEP
    from xdrl.storage.checkpoints import CHECKPOINT

    if (run_dir / CHECKPOINT).is_dir():
        console.print(f"Saved in {run_dir}: {steps:,} agent steps, {steps * FRAMES_PER_STEP:,} frames.")
    else:
        console.print("Stopped before there was anything to save.")
