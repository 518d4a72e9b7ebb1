"""What the command line shows of the server's speed, drawn to text."""

from rich.console import Console

from xdrl.benchmarks.load import LoadFigures
from xdrl.benchmarks.records import Machine
from xdrl.benchmarks.serving import ALONE, CLIENTS, WITH, WITHOUT, ServingBenchmark, ServingRound
from xdrl.views.serving_view import serving_view

MACHINE = Machine("AMD EPYC", 2, False, "3.11.7", "2.21.0", "3.15.1", None)
FIGURES = {WITH: (1234.5, 3.0, 4.0, 5.0), WITHOUT: (2000.0, 2.0, 3.0, 4.0), ALONE: (999.0, 2.9, 10.0, 123.4)}


def test_every_load_and_ratio_is_seen_whole_in_80_columns():
    loads = {asked: {clients: LoadFigures(*found) for clients in CLIENTS} for asked, found in FIGURES.items()}
    benchmark = ServingBenchmark(MACHINE, "Pong", 3.0, (ServingRound(2.0, 1600.0, loads),) * 5)
    console = Console(width=80, record=True, file=open("/dev/null", "w"), color_system=None)
    with console.file:
        console.print(serving_view(benchmark))
    text = console.export_text()
    words = " ".join(text.split())
    for row in (
        "│ with heatmap │ 32 │ 1,234 │ 3.0 │ 4.0 │ 5.0 │",
        "│ without heatmap │ 1 │ 2,000 │ 2.0 │ 3.0 │ 4.0 │",
        "│ with heatmap, no batching │ 8 │ 999 │ 2.9 │ 10.0 │ 123.4 │",
        "bare calls with 32 screens, screens/s 1,600",
        "screens/s of 32 clients / of bare calls with 32 0.77",
        "a lone request / the same without batching 1.03",
        "a lone request / the bare call 1.50",
        "a lone request / the same without heatmap 1.50",
        "Medians of 5 rounds",
    ):
        assert row in words
    assert "…" not in text and max(map(len, text.splitlines())) <= 80
