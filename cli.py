"""The command line: every command of the project, and the only place that prints."""

import importlib.util
import logging
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.live import Live
from rich.progress import Progress as ProgressBar
from rich.progress import track

from xdrl.errors import UserError

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# TensorFlow leaves oneDNN off on some processors that it doubles the training speed of.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

app = typer.Typer(
    help="Train Atari agents, see what they look at, and serve action and heatmap together.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
console = Console()
errors = Console(stderr=True)

PLAIN_LINE_SECONDS = 30.0
"""Between two lines of a training run whose output goes to a file."""

GameArgument = Annotated[str, typer.Argument(metavar="GAME", help="Qbert or qbert, DemonAttack or demon_attack, ...")]
OptionalGame = Annotated[str | None, typer.Argument(metavar="[GAME]", help="Name of the game; see `games`.")]
AgentOption = Annotated[
    Path | None, typer.Option("--agent", help="A run, an exported agent, one version of it, or a weights file.")
]
SeedOption = Annotated[int, typer.Option(min=0, help="Of the games and of the actions that are drawn.")]


@app.callback()
def options(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Reads the options that all commands share; `main` has acted on them already."""


@app.command()
def train(
    game: GameArgument,
    agent_steps: Annotated[
        int, typer.Option(min=1, help="Of the whole run, with those resumed and of --from.")
    ] = 10_000_000,
    minutes: Annotated[float | None, typer.Option(min=0, help="Bounds this call.")] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Threads.  [default: cores + 1, on a GPU up to 4]")] = None,
    envs_per_worker: Annotated[
        int | None, typer.Option(min=1, help="Environments each.  [default: 12, on a GPU 16 to 64]")
    ] = None,
    emulator_threads: Annotated[
        int | None, typer.Option(min=1, help="Of each worker.  [default: 1, on a GPU by the machine's cores]")
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
        "network": network,
        "seed": seed,
        "sticky_probability": sticky,
    }
    settings = {name: value for name, value in asked.items() if value is not None}
    console.print(f"Setting up {found.name} ...")
    sizes = _start_backend(backend, workers)
    if from_agent:
        _load_reader(from_agent)
    from xdrl.preparation import prepare_run
    from xdrl.runs import locked, put_aside
    from xdrl.training import Budget

    folder = run_dir or Path("runs") / found.name
    if fresh and (aside := put_aside(folder)):
        console.print(f"The run that was in {folder} is now in {aside}.")
    with locked(folder):
        run = prepare_run(folder, found, settings, from_agent, sizes)
        if run.notice:
            errors.print(f"warning: {run.notice}", style="yellow")
        budget = Budget(agent_steps, None if minutes is None else minutes * 60)
        _train_and_show(run, budget)


def _start_backend(name: str | None, workers: int | None) -> Any:
    """Starts what trains; returns the sizes that suit the machine."""
    from xdrl.backends import choose_backend, load_backend
    from xdrl.machine import count_cores, suitable_sizes

    if choose_backend(name) == "tensorflow":
        _load_tensorflow()
    backend = load_backend()
    sizes = suitable_sizes(count_cores(), backend.has_gpu())
    backend.use_threads(workers or sizes.num_workers)
    return sizes


def _train_and_show(run: Any, budget: Any) -> None:
    from xdrl.terminal import training_line, training_view
    from xdrl.training import train as train_run

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


@app.command()
def evaluate(
    game: OptionalGame = None,
    agent: AgentOption = None,
    episodes: Annotated[int, typer.Option(min=1, help="Whole games, the first that are started.")] = 100,
    protocol: Annotated[str, typer.Option(help="standard, sticky or paper.")] = "standard",
    greedy: Annotated[
        bool, typer.Option("--greedy/--sample", help="Most probable actions, or drawn from the policy.")
    ] = False,
    seed: SeedOption = 0,
    output: Annotated[Path | None, typer.Option(help="JSON with every game's score.")] = None,
) -> None:
    """Play whole games and report the figures of the paper's Table I."""
    _load_tensorflow()
    from xdrl.agent_finder import find_agent
    from xdrl.environments import find_protocol
    from xdrl.evaluation import evaluation_record, play_episodes, save_json, summarise_episodes
    from xdrl.runs import EVALUATION, is_run
    from xdrl.terminal import evaluation_view

    found = find_agent(game, agent)
    played = []
    games = play_episodes(found, find_protocol(protocol, found.game), episodes, is_greedy=greedy, seed=seed)
    for episode in track(games, f"Playing {found.game.name}", total=episodes, console=console):
        played.append(episode)
    record = evaluation_record(found, protocol, played, is_greedy=greedy, seed=seed)
    source = found.provenance.source
    title = f"{found.game.name}, {source}, {protocol} protocol, {record['actions']} actions"
    console.print(evaluation_view(title, summarise_episodes(played)))
    for path in [output] if output else [source / EVALUATION] if is_run(source) else []:
        save_json(path, record)
        console.print(f"Written: {path}")


@app.command()
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
    _load_tensorflow()
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
    with ProgressBar(console=console) as bar:
        task = bar.add_task("Writing the video", total=len(recording.actions))
        record = write_explanation(found, episode, folder, lambda count: bar.update(task, completed=count))
    ending = "" if record["is_over"] else ", where --steps cut it"
    console.print(f"Score {record['score']:g} after {record['steps']:,} agent steps{ending}.")
    if record["share_blank"] > 0.5:
        console.print(f"{record['share_blank']:.0%} of the maps are blank: little that is seen speaks for the target.")
    console.print(f"Written: {folder}/video.mp4, {folder}/strip.png and {folder}/explanation.json")


@app.command()
def plot(
    runs: Annotated[
        list[Path] | None,
        typer.Argument(metavar="RUN", help="A run's folder, an exported agent's, or a version's.  [default: all runs]"),
    ] = None,
    output: Annotated[Path, typer.Option(help="PNG.")] = Path("learning-curves.png"),
) -> None:
    """Draw learning curves: score and entropy over agent steps, a panel for each game."""
    # A cache of fonts that is made once is no news.
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    from xdrl.curve_figure import save_curves
    from xdrl.curves import find_curves, make_panels, read_curve

    curves, without = ([read_curve(folder) for folder in runs], []) if runs else find_curves()
    for line in without:
        console.print(f"Left out: {line}", soft_wrap=True)
    save_curves(output, make_panels(curves))
    console.print(f"Written: {output}")


@app.command()
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
    _load_tensorflow()
    from serving.export import export_agent
    from xdrl.agent_finder import find_agent
    from xdrl.games import find_game
    from xdrl.runs import load_evaluation

    folder = run_dir or Path("runs") / find_game(game).name
    agent = find_agent(game, folder)
    evaluation = load_evaluation(folder, agent.provenance.agent_steps)
    if evaluation is None:
        console.print("These weights have not been evaluated; `evaluate` first, and the figures go along.")
    with console.status("Exporting and proving ..."):
        version = export_agent(agent, output, evaluation)
    console.print(f"Written: {version}")


def _export_weights(game: str, run_dir: Path | None, path: Path) -> None:
    from xdrl.games import find_game
    from xdrl.stored_agents import read_agent, write_weights

    found = find_game(game)
    folder = run_dir or Path("runs") / found.name
    _load_reader(folder)
    agent = read_agent(folder)
    if agent.game != found:
        raise UserError(f"expected an agent of {found.name} in {folder}, got one of {agent.game.name}")
    write_weights(agent, path)
    console.print(f"Written: {path}, {agent.provenance.agent_steps:,} agent steps trained")


@app.command()
def serve(
    models: Annotated[Path, typer.Option(help="Folder of NAME/VERSION/saved_model.pb.")] = Path("saved_models"),
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8501,
) -> None:
    """Answer TensorFlow Serving's REST API for every exported agent, until Ctrl-C."""
    _load_tensorflow()
    from serving.server import ModelSummary, ServerError
    from serving.server import serve as serve_models

    def announce(summaries: list[ModelSummary]) -> None:
        for summary in summaries:
            versions = ", ".join(str(number) for number in summary.versions) or "none"
            failed = (
                f"; failed to load: {', '.join(map(str, summary.failed_versions))}" if summary.failed_versions else ""
            )
            console.print(f"{summary.url}:predict  versions {versions}{failed}", soft_wrap=True)
        console.print("Serving; Ctrl-C stops.")

    try:
        serve_models(models, host, port, on_ready=announce)
    except ServerError as error:
        raise UserError(str(error)) from error


@app.command()
def query(
    image: Annotated[Path, typer.Argument(metavar="IMAGE.png", help="A screenshot, PNG or JPEG.")],
    game: Annotated[str | None, typer.Option(help="Of the screenshot.  [default: the one that is shipped]")] = None,
    url: Annotated[str, typer.Option(help="Of the server.")] = "http://127.0.0.1:8501",
    overlay: Annotated[Path | None, typer.Option(help="Where the overlay goes.  [default: IMAGE-overlay.png]")] = None,
) -> None:
    """Ask a running server what the agent would do on a screenshot, and why."""
    from serving.client import AgentClient, ServingError
    from xdrl.games import find_game
    from xdrl.saved_models import sole_shipped_game
    from xdrl.terminal import answer_view, heatmap_view

    name = find_game(game).name if game else sole_shipped_game()
    try:
        image_bytes = image.read_bytes()
    except OSError as error:
        raise UserError(f"expected a screenshot in {image}, got: {error.strerror}") from error
    try:
        answer = AgentClient(url, name).look(image_bytes, with_overlay=True)
    except ServingError as error:
        raise UserError(str(error)) from error
    console.print(answer_view(answer.action_name, answer.probabilities, answer.value))
    console.print(f"heatmap of {answer.action_name}: {answer.heatmap_status}, peak {answer.heatmap_peak:.3g}")
    console.print(heatmap_view(answer.heatmap), end="")
    path = overlay or image.with_name(f"{image.stem}-overlay.png")
    path.write_bytes(answer.overlay or b"")
    console.print(f"Written: {path}")


@app.command()
def games() -> None:
    """List the paper's games with its scores and the agents that are shipped."""
    from xdrl.saved_models import read_agent_json, shipped_agents
    from xdrl.terminal import games_view

    shipped = shipped_agents()
    steps = {name: read_agent_json(version)["training"]["agent_steps"] for name, version in shipped.items()}
    console.print(games_view(shipped, steps))


@app.command()
def benchmark(
    game: Annotated[str, typer.Option(metavar="GAME", help="That is trained.")] = "Qbert",
    seconds: Annotated[float, typer.Option(help="Of each measurement, without its warm-up.")] = 10.0,
    workers: Annotated[int | None, typer.Option(min=1, help="Threads.  [default: train's]")] = None,
    envs_per_worker: Annotated[int | None, typer.Option(min=1, help="Environments each.  [default: train's]")] = None,
    output: Annotated[Path, typer.Option(help="JSON with all that was measured.")] = Path("benchmark.json"),
) -> None:
    """Measure how fast training is here, and its parts, beside a yardstick: plain gradients of plain TensorFlow."""
    from xdrl.backends import choose_backend
    from xdrl.benchmark_view import benchmark_view, measurement_line
    from xdrl.benchmarks.measuring import measure, prepare_benchmark
    from xdrl.benchmarks.records import MEASUREMENTS, Benchmark, save_benchmark
    from xdrl.games import find_game

    asked = {"num_workers": workers, "envs_per_worker": envs_per_worker}
    asked = {name: value for name, value in asked.items() if value is not None}
    with console.status("Looking at the machine ..."):
        machine, settings = prepare_benchmark(find_game(game), asked, seconds, choose_backend())
    measurements = {}
    for number, (name, called) in enumerate(MEASUREMENTS.items(), 1):
        with console.status(f"{number} of {len(MEASUREMENTS)}: {called} ..."):
            measurements[name] = measure(name, settings)
        console.print(f"{number} of {len(MEASUREMENTS)}, {measurement_line(name, measurements[name])}", highlight=False)
    found = Benchmark(machine, settings, measurements)
    console.print(benchmark_view(found))
    save_benchmark(output, found)
    console.print(f"Written: {output}")


def _load_tensorflow() -> None:
    """Makes TensorFlow what Keras runs on, and imports it."""
    from xdrl.backends import choose_backend

    choose_backend("tensorflow")  # what is not training has no other
    _import_tensorflow()


def _load_reader(agent: Path) -> None:
    """Imports TensorFlow where it takes it to read an agent; where it is not installed, reading it says so."""
    from xdrl.stored_agents import needs_tensorflow

    if needs_tensorflow(agent) and importlib.util.find_spec("tensorflow"):
        _import_tensorflow()


def _import_tensorflow() -> None:
    """Imports TensorFlow with the process's error stream shut: what it logs there then, no setting of its own stops."""
    errors.file.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        import tensorflow

        tensorflow.config.list_physical_devices()
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def main() -> None:
    """Runs a command; whatever goes wrong is one line, and the traceback with `--debug`."""
    arguments = [argument for argument in sys.argv[1:] if argument != "--debug"]
    is_debug = len(arguments) < len(sys.argv) - 1
    try:
        app(arguments)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        if is_debug:
            raise
        kind = "" if isinstance(error, UserError) else f"{type(error).__name__}: "
        message = " ".join(str(error).split())
        errors.print(f"error: {kind}{message}", style="red", markup=False, highlight=False, soft_wrap=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
