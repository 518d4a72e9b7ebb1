"""What the command line shows of training on more and more workers; nothing here prints."""

from rich.console import Group
from rich.table import Table
from rich.text import Text

from xdrl.benchmarks.forecasts import NETWORK_BYTES_PER_SECOND, forecasts
from xdrl.benchmarks.scaling import Scaling
from xdrl.views.benchmark_view import machine_line


def scaling_view(scaling: Scaling) -> Group:
    """Shows threads and Ray's processes side by side, medians over the rounds."""
    training = scaling.settings.training
    title = (
        f"{training.game}, {training.network} on {scaling.settings.backend}, environments of each worker "
        f"{training.envs_per_worker}, {training.wire_dtype} on the wire, {scaling.settings.seconds:g} s each"
    )
    table = Table(title=title)
    for heading in ("work-\ners", "threads\nsteps/s", "Ray\nsteps/s", "Ray /\nthreads", "by CPU\ntime"):
        table.add_column(heading, justify="right", no_wrap=True)
    for heading in ("Ray\nMB/s", "learner\nms", "lag"):
        table.add_column(heading, justify="right", no_wrap=True)
    for count in sorted({count for _, count in scaling.rounds[0]}):
        threads, ray = scaling.median("threads", count), scaling.median("ray", count)
        table.add_row(
            f"{count}",
            f"{threads.steps_per_second:,.0f}",
            f"{ray.steps_per_second:,.0f}",
            f"{scaling.ratio(count):.2f}",
            f"{scaling.ratio_by_cpu(count):.2f}",
            f"{ray.bytes_per_second / 1e6:,.1f}",
            f"{ray.learner_seconds * 1000:.1f}",
            f"{ray.policy_lag:.2f}",
        )
    rounds = f"Medians of {len(scaling.rounds)} rounds, ratios within a round."
    note = f"{rounds} The learner's time is of one lesson, the policy lag in updates. {machine_line(scaling.machine)}"
    return Group(table, Text(note, "dim"), _forecast_table(scaling), Text(_ASSUMED, "dim"))


_ASSUMED = (
    "At most: each worker as fast as one was here, on a core of its own; the learner's time as here; "
    f"{NETWORK_BYTES_PER_SECOND * 8 / 1e9:.0f} Gbit/s to its machine. Nobody has measured it."
)


def _forecast_table(scaling: Scaling) -> Table:
    table = Table(title="What that says of more workers under Ray")
    for heading in ("workers", "steps/s", "lag"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("the limit", no_wrap=True)
    for forecast in forecasts(scaling):
        steps = f"{forecast.steps_per_second:,.0f}"
        table.add_row(f"{forecast.num_workers}", steps, f"{forecast.policy_lag}", forecast.limit)
    return table
