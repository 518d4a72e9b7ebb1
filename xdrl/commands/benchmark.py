"""`benchmark`: how fast training is on this machine, or explaining, or serving."""

import dataclasses
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import Progress

from xdrl.commands.console import console, following
from xdrl.commands.loading import load_agents
from xdrl.errors import UserError

FRAMES, ROUNDS = 384, 5
"""Of the game that is explained, and how often each method is timed."""
SCALING_ROUNDS = 3
"""In each of which every engine is timed with every number of workers."""
SCREENS = 32
"""Of the game, that the clients of the server send."""


def benchmark(
    game: Annotated[str | None, typer.Option(metavar="GAME", help="[default: Qbert, to explain or serve Pong]")] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Time the explanation methods instead.")] = False,
    serve: Annotated[bool, typer.Option("--serve", help="Load the server instead.")] = False,
    seconds: Annotated[float | None, typer.Option(help="Of each measurement.  [default: 10, to serve 3]")] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Threads.  [default: train's]")] = None,
    envs_per_worker: Annotated[int | None, typer.Option(min=1, help="Environments each.  [default: train's]")] = None,
    output: Annotated[
        Path | None,
        typer.Option(help="JSON with all that was measured.  [default: benchmark-WHAT.json]"),
    ] = None,
    engine: Annotated[str, typer.Option(help="ray: time training on 1, 2, 4 ... of its workers.")] = "threads",
    ray_address: Annotated[
        str | None, typer.Option(metavar="HOST:PORT", help="Ray cluster to join.  [default: one is started here]")
    ] = None,
) -> None:
    """Measure how fast training is here, beside plain TensorFlow; or explaining, or the server under load."""
    from xdrl.engines.choice import choose_engine

    choose_engine(engine, ray_address)
    what = "explaining" if explain else "serving" if serve else "scaling" if engine == "ray" else "training"
    target = output or Path(f"benchmark-{what}.json")
    asked = {"num_workers": workers, "envs_per_worker": envs_per_worker}
    given = {name: value for name, value in asked.items() if value is not None}
    if explain:
        _benchmark_explaining(game or "Pong", target)
    elif serve:
        _benchmark_serving(game or "Pong", 3.0 if seconds is None else seconds, target)
    elif engine == "ray":
        _benchmark_scaling(game or "Qbert", given, 10.0 if seconds is None else seconds, target, ray_address)
    else:
        _benchmark_training(game or "Qbert", given, 10.0 if seconds is None else seconds, target)


def _benchmark_training(game: str, asked: dict[str, Any], seconds: float, output: Path) -> None:
    from xdrl.backends import choose_backend
    from xdrl.benchmarks.measuring import measure, prepare_benchmark
    from xdrl.benchmarks.records import MEASUREMENTS, Benchmark, save_benchmark
    from xdrl.games import find_game
    from xdrl.views.benchmark_view import benchmark_view, measurement_line

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


def _benchmark_scaling(game: str, asked: dict[str, Any], seconds: float, output: Path, ray_address: str | None) -> None:
    from xdrl.backends import choose_backend
    from xdrl.benchmarks.forecasts import forecasts
    from xdrl.benchmarks.measuring import prepare_benchmark
    from xdrl.benchmarks.scaling import Scaling, measure_scaling, scaling_to_json, worker_counts
    from xdrl.engines import ENGINES
    from xdrl.games import find_game
    from xdrl.storage.files import save_json
    from xdrl.views.scaling_view import scaling_view

    with console.status("Looking at the machine ..."):
        machine, settings = prepare_benchmark(find_game(game), asked, seconds, choose_backend())
    counts = worker_counts(asked.get("num_workers", machine.num_cores))
    with Progress(console=console) as bar:
        task = bar.add_task("Training", total=SCALING_ROUNDS * len(counts) * len(ENGINES))
        rounds = tuple(
            measure_scaling(
                settings, counts, SCALING_ROUNDS, ray_address, lambda made: bar.update(task, completed=made)
            )
        )
    found = Scaling(machine, settings, rounds)
    console.print(scaling_view(found))
    save_json(output, scaling_to_json(found) | {"forecasts": [dataclasses.asdict(each) for each in forecasts(found)]})
    console.print(f"Written: {output}")


def _benchmark_explaining(game: str, output: Path) -> None:
    from xdrl.agent_folders import find_agent_folder

    (agent,) = load_agents(find_agent_folder(game)._replace(passed_over=()))
    from xdrl.benchmarks.explaining import benchmark_explaining, explaining_to_json
    from xdrl.environments import find_protocol
    from xdrl.evaluation import record_episode
    from xdrl.storage.files import save_json
    from xdrl.views.explaining_view import explaining_view

    with console.status("Playing ..."):
        rules = find_protocol(agent.protocol_name, agent.game)
        recording = record_episode(agent, rules, FRAMES, is_greedy=False, seed=0)
    with following() as show:
        found = benchmark_explaining(agent, recording, ROUNDS, show)
    console.print(explaining_view(found))
    save_json(output, explaining_to_json(found))
    console.print(f"Written: {output}")


def _benchmark_serving(game: str, seconds: float, output: Path) -> None:
    from xdrl.agent_folders import find_agent_folder, folders_to_serve
    from xdrl.games import find_game

    name = find_game(game).name
    folder = folders_to_serve().get(name)
    if folder is None:
        raise UserError(f"expected an exported agent of {name}, got none; get one: export {name}")
    asked = find_agent_folder(name, folder)
    (agent,) = load_agents(asked)
    from xdrl.benchmarks.serving import benchmark_serving, serving_to_json
    from xdrl.environments import find_protocol
    from xdrl.evaluation import record_episode
    from xdrl.storage.files import save_json
    from xdrl.views.serving_view import serving_view

    with console.status("Playing ..."):
        rules = find_protocol(agent.protocol_name, agent.game)
        recording = record_episode(agent, rules, SCREENS, is_greedy=False, seed=0)
    with following() as show:
        found = benchmark_serving(agent, asked.path, recording.screens, seconds, ROUNDS, show)
    console.print(serving_view(found))
    save_json(output, serving_to_json(found))
    console.print(f"Written: {output}")
