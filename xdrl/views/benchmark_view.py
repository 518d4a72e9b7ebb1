"""What the command line shows of a benchmark, as rich renderables; nothing here prints."""

from rich.console import Group
from rich.table import Table
from rich.text import Text

from xdrl.benchmarks.records import MEASUREMENTS, Benchmark, Machine, Measurement


def measurement_line(name: str, measurement: Measurement) -> str:
    """Says in one line what was measured, as soon as it is."""
    return f"{MEASUREMENTS[name]}: {measurement.steps_per_second:,.0f} steps/s"


def benchmark_view(benchmark: Benchmark) -> Group:
    """Shows all measurements, how they compare, and where they were made; 80 columns are enough."""
    settings, machine = benchmark.settings, benchmark.machine
    training = settings.training
    title = (
        f"{training.game}, {training.network} on {settings.backend}, workers {training.num_workers}, "
        f"environments of each {training.envs_per_worker}, {training.convolution_dtype}, {settings.seconds:g} s each"
    )
    table = Table(title=title)
    table.add_column("measurement", no_wrap=True)
    for heading in ("steps/s", "frames/s", "CPU ms\na step", "cores\nat work", "peak\nMB"):
        table.add_column(heading, justify="right", no_wrap=True)
    for name, found in benchmark.measurements.items():
        table.add_row(
            Text(MEASUREMENTS[name], "bold" if name == "training" else ""),
            f"{found.steps_per_second:,.0f}",
            f"{found.frames_per_second:,.0f}",
            f"{found.cpu_seconds_per_step * 1000:.3f}",
            f"{found.cores:.2f}",
            f"{found.peak_bytes / 1e6:,.0f}" if found.peak_bytes else "-",
        )
    note = f"A screen of the yardstick counts as one step. {machine_line(machine)}"
    return Group(table, _ratios_view(benchmark), Text(note, "dim"))


def machine_line(machine: Machine) -> str:
    """Says in a sentence where something was measured."""
    return (
        f"{machine.processor}, cores {machine.num_cores}, {'with' if machine.has_gpu else 'without'} a GPU, "
        f"TensorFlow {machine.tensorflow}, Keras {machine.keras}, Python {machine.python}, "
        f"TF_ENABLE_ONEDNN_OPTS {machine.onednn or 'not set'}."
    )


def _ratios_view(benchmark: Benchmark) -> Table:
    ratios = benchmark.ratios
    table = Table.grid(padding=(0, 2))
    for name, ratio in [
        ("whole training / yardstick", ratios.training_to_yardstick),
        ("the same by CPU time", ratios.training_to_yardstick_by_cpu),
        ("whole training / gradients alone", ratios.training_to_gradients),
        ("whole training / one worker", ratios.workers_to_one_worker),
    ]:
        table.add_row(f" {name}", f"{ratio:.2f}")
    return table
