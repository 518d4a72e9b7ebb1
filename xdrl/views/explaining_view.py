"""What the command line shows of the speed of explanations, as rich renderables; nothing here prints."""

from rich.console import Group
from rich.table import Table
from rich.text import Text

from xdrl.benchmarks.explaining import PLAYING, ExplainingBenchmark
from xdrl.views.benchmark_view import machine_line


def explaining_view(benchmark: ExplainingBenchmark) -> Group:
    """Shows milliseconds a frame of every method, how they compare, and where; 80 columns are enough."""
    title = f"{benchmark.game}, {benchmark.network}, {benchmark.num_frames:,} frames, {benchmark.chunk} at a time"
    table = Table(title=title)
    table.add_column("method", no_wrap=True)
    for heading in ("ms\na frame", "fastest", "times\nplaying", "frames"):
        table.add_column(heading, justify="right", no_wrap=True)
    playing = benchmark.rows[PLAYING].median
    for name, row in benchmark.rows.items():
        table.add_row(
            Text(name, "bold" if name in (PLAYING, "grad-cam") else ""),
            f"{row.median:.2f}",
            f"{min(row.milliseconds):.2f}",
            f"{row.median / playing:.2f}",
            f"{row.num_frames:,}",
        )
    ratios = Table.grid(padding=(0, 2))
    ratios.add_row(" Grad-CAM / playing the same frames", f"{benchmark.grad_cam_to_playing:.2f}")
    ratios.add_row(" Grad-CAM of tf-keras-vis / Grad-CAM", f"{benchmark.reference_to_grad_cam:.2f}")
    repeats = len(benchmark.rows[PLAYING].milliseconds)
    note = f"Medians of {repeats} rounds; playing is the network alone. {machine_line(benchmark.machine)}"
    return Group(table, ratios, Text(note, "dim"))
