"""What the command line shows of a benchmark, drawn to text."""

from rich.console import Console

from xdrl.benchmarks.records import MEASUREMENTS, Benchmark, BenchmarkSettings, Machine, Measurement
from xdrl.config import TrainingConfig
from xdrl.views.benchmark_view import benchmark_view, measurement_line

MACHINE = Machine("AMD EPYC", 2, False, "3.11.7", "2.21.0", "3.15.1", None)


def drawn(width: int) -> str:
    measurements = {name: Measurement(2, 12_000, 10.0, 15.0, 1_234_000_000) for name in MEASUREMENTS}
    console = Console(width=width, record=True, file=open("/dev/null", "w"), color_system=None)
    with console.file:
        console.print(benchmark_view(Benchmark(MACHINE, BenchmarkSettings(TrainingConfig("Pong")), measurements)))
    return console.export_text()


def test_every_measurement_and_ratio_is_seen_whole_in_80_columns():
    text = drawn(80)
    # 12,000 steps in 10 s are 1,200 a second, four frames each; 15 s of CPU are 1.25 ms a step and 1.5 cores.
    row = " ".join("│ whole training, one worker │ 1,200 │ 4,800 │ 1.250 │ 1.50 │ 1,234 │".split())
    assert row in " ".join(text.split())
    for part in (*MEASUREMENTS.values(), "whole training / yardstick        1.00", "TF_ENABLE_ONEDNN_OPTS not set"):
        assert part in text
    assert "…" not in text and max(map(len, text.splitlines())) <= 80


def test_a_measurement_is_one_line_as_soon_as_it_is_made():
    line = measurement_line("emulator", Measurement(2, 12_000, 10.0, 15.0, 1_234_000_000))
    assert line == "emulator alone: 1,200 steps/s"
