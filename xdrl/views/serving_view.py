"""What the command line shows of the server's speed, as rich renderables; nothing here prints."""

from rich.console import Group
from rich.table import Table
from rich.text import Text

from xdrl.benchmarks.serving import BATCH, ServingBenchmark
from xdrl.views.benchmark_view import machine_line

RATIOS = {
    "loaded_to_bare_batch": "screens/s of 32 clients / of bare calls with 32",
    "lone_to_unbatched": "a lone request / the same without batching",
    "lone_to_bare_call": "a lone request / the bare call",
    "heatmap_to_none": "a lone request / the same without heatmap",
}
"""What the ratios are called."""


def serving_view(benchmark: ServingBenchmark) -> Group:
    """Shows requests a second and milliseconds of every load, how they compare, and where; 80 columns are enough."""
    table = Table(title=f"{benchmark.game}, one PNG screen a request, {benchmark.seconds:g} s each")
    table.add_column("asked", no_wrap=True)
    for heading in ("clients", "requests\na second", "p50\nms", "p95\nms", "p99\nms"):
        table.add_column(heading, justify="right", no_wrap=True)
    for asked, loads in benchmark.rounds[0].loads.items():
        for clients in loads:
            found = benchmark.figures(asked, clients)
            times = [f"{value:.1f}" for value in (found.p50, found.p95, found.p99)]
            table.add_row(asked, str(clients), f"{found.requests_per_second:,.0f}", *times)
    call = benchmark.median(lambda each: each.bare_milliseconds)
    screens = benchmark.median(lambda each: each.bare_screens_per_second)
    ratios = Table.grid(padding=(0, 2))
    ratios.add_row(" the bare call with 1 screen, ms", f"{call:.2f}")
    ratios.add_row(f" bare calls with {BATCH} screens, screens/s", f"{screens:,.0f}")
    for name, ratio in benchmark.ratios.items():
        ratios.add_row(f" {RATIOS[name]}", f"{ratio:.2f}")
    rounds = f"Medians of {len(benchmark.rounds)} rounds; ratios are taken within a round."
    note = f"{rounds} {machine_line(benchmark.machine)}"
    return Group(table, ratios, Text(note, "dim"))
