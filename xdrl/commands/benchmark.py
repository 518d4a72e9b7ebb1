"""`benchmark`: how fast training is on this machine."""

from pathlib import Path
from typing import Annotated

import typer

from xdrl.commands.console import console


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
