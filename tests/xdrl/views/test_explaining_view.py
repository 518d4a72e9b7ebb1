"""What the command line shows of the speed of explanations, drawn to text."""

from rich.console import Console

from xdrl.benchmarks.explaining import ExplainingBenchmark, ExplainingTimes
from xdrl.benchmarks.records import Machine
from xdrl.views.explaining_view import explaining_view

MACHINE = Machine("AMD EPYC", 2, False, "3.11.7", "2.21.0", "3.15.1", None)
ROWS = {
    "playing": ExplainingTimes(600, (0.5, 0.4, 0.6)),
    "grad-cam": ExplainingTimes(600, (0.55, 0.6, 0.7)),
    "integrated-gradients": ExplainingTimes(64, (30.0, 31.0, 32.0)),
    "tf-keras-vis Gradcam": ExplainingTimes(600, (3.0, 4.2, 4.8)),
    "tf-keras-vis GradcamPlusPlus": ExplainingTimes(108_000, (1234.5,) * 3),
}


def test_every_row_and_ratio_is_seen_whole_in_80_columns():
    benchmark = ExplainingBenchmark(MACHINE, "Pong", "e-a3c", 600, 64, ROWS)
    console = Console(width=80, record=True, file=open("/dev/null", "w"), color_system=None)
    with console.file:
        console.print(explaining_view(benchmark))
    text = console.export_text()
    words = " ".join(text.split())
    for row in (
        "│ grad-cam │ 0.60 │ 0.55 │ 1.20 │ 600 │",
        "│ integrated-gradients │ 31.00 │ 30.00 │ 62.00 │ 64 │",
        "Grad-CAM / playing the same frames 1.20",
        "Grad-CAM of tf-keras-vis / Grad-CAM 7.00",
        "Medians of 3 rounds",
        "TF_ENABLE_ONEDNN_OPTS not set.",
    ):
        assert row in words
    assert "…" not in text and max(map(len, text.splitlines())) <= 80
