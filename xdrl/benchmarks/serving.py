"""How fast the server answers, alone and under load, with the heatmap and without, beside the model's bare call."""

import base64
import dataclasses
import itertools
import json
import math
import re
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from xdrl.agents import Agent
from xdrl.benchmarks.load import Load, LoadFigures, load_server
from xdrl.benchmarks.measuring import describe_machine
from xdrl.benchmarks.processes import ProcessError, call_in_fresh_process
from xdrl.benchmarks.records import Machine
from xdrl.benchmarks.served import INPUT, BareCalls, encode_screens, lay_out_models
from xdrl.errors import UserError
from xdrl.invocation import start_of_command

CLIENTS = (1, 8, 32)
BATCH = 32
WITH, WITHOUT, ALONE = "with heatmap", "without heatmap", "with heatmap, no batching"
"""What is asked: the exported agent, the same without its heatmap, and the agent of a server that forms no batches."""

_ADDRESS = re.compile(r"http://([\d.]+):(\d+)/v1/models/")
_READY = "Serving;"
_STOP_SECONDS = 30


@dataclass(frozen=True)
class ServingRound:
    """One turn through everything that is measured.

    Attributes:
        bare_milliseconds: of a call with one screen, the median.
        bare_screens_per_second: of calls with 32 at once.
        loads: by what is asked and the number of clients.
    """

    bare_milliseconds: float
    bare_screens_per_second: float
    loads: Mapping[str, Mapping[int, LoadFigures]]


@dataclass(frozen=True)
class ServingBenchmark:
    """All rounds; ratios are taken within a round, so that a machine whose speed drifts is the same to both sides.

    Attributes:
        machine: where.
        game: whose agent.
        seconds: of each measurement.
        rounds: in their order.
    """

    machine: Machine
    game: str
    seconds: float
    rounds: tuple[ServingRound, ...]

    def median(self, figure: Callable[[ServingRound], float]) -> float:
        """Returns the median of a figure over the rounds."""
        return median(figure(each) for each in self.rounds)

    def figures(self, asked: str, clients: int) -> LoadFigures:
        """Returns the median of each figure of a load."""
        found = [dataclasses.astuple(each.loads[asked][clients]) for each in self.rounds]
        return LoadFigures(*(median(values) for values in zip(*found, strict=True)))

    @property
    def ratios(self) -> dict[str, float]:
        """How the figures compare: screens a second under load, a lone request's time, and the heatmap's price."""
        most = max(CLIENTS)
        return {
            "loaded_to_bare_batch": self.median(
                lambda each: each.loads[WITH][most].requests_per_second / each.bare_screens_per_second
            ),
            "lone_to_unbatched": self.median(lambda each: each.loads[WITH][1].p50 / each.loads[ALONE][1].p50),
            "lone_to_bare_call": self.median(lambda each: each.loads[WITH][1].p50 / each.bare_milliseconds),
            "heatmap_to_none": self.median(lambda each: each.loads[WITH][1].p50 / each.loads[WITHOUT][1].p50),
        }


def benchmark_serving(
    agent: Agent,
    version: Path,
    screens: Any,
    seconds: float = 3.0,
    repeats: int = 5,
    on_task: Callable[[int, int, str], None] = lambda done, total, what: None,
) -> ServingBenchmark:
    """Starts a server that forms batches and one that does not, and loads them in turn.

    Args:
        agent: that is served.
        version: its exported version.
        screens: of its game, uint8 [N, 210, 160, 3]; each client sends one of them.
        seconds: of each measurement.
        repeats: times that everything is measured in turn.
        on_task: called before each load, and at the end, with the number of them that are done, that of all, the
            warm-up's included, and what comes next.

    Raises:
        UserError: there is nothing to repeat, or the server does not start or refuses a request.
    """
    if repeats < 1:
        raise UserError(f"expected at least 1 repeat, got {repeats}")
    if not 0 < seconds < math.inf:
        raise UserError(f"expected seconds above 0, got {seconds:g}")
    images = encode_screens(screens)
    bodies = [_request_body(image) for image in images]
    models = {WITH: agent.game.name, WITHOUT: f"{agent.game.name}-without-heatmap", ALONE: agent.game.name}
    total, done = (repeats + 1) * len(models) * len(CLIENTS), itertools.count()
    on_task(0, total, "starting the servers")
    with ExitStack() as held:
        folder = Path(held.enter_context(tempfile.TemporaryDirectory()))
        lay_out_models(folder, version, agent, models[WITHOUT])
        batched = held.enter_context(_served(folder))
        alone = held.enter_context(_served(folder, "--no-batching"))
        bare = BareCalls(version)
        held.callback(bare.close)

        def load(asked: str, clients: int, seconds: float) -> LoadFigures:
            address = alone if asked == ALONE else batched
            path = f"/v1/models/{models[asked]}:predict"
            on_task(next(done), total, f"{asked}, {clients} client{'s' if clients > 1 else ''}")
            return _load(Load(*address, path, bodies, clients, seconds, warm_up_seconds=seconds / 4))

        rounds = []
        _measure(bare, images, load, seconds / 4)
        for _ in range(repeats):
            rounds.append(_measure(bare, images, load, seconds))
        on_task(total, total, "done")
    return ServingBenchmark(describe_machine("tensorflow"), agent.game.name, seconds, tuple(rounds))


def serving_to_json(benchmark: ServingBenchmark) -> dict[str, Any]:
    """Returns a benchmark as plain JSON values, medians and ratios included."""
    medians = {
        asked: {str(clients): dataclasses.asdict(benchmark.figures(asked, clients)) for clients in loads}
        for asked, loads in benchmark.rounds[0].loads.items()
    }
    return dataclasses.asdict(benchmark) | {"medians": medians, "ratios": benchmark.ratios}


def _request_body(image: bytes) -> bytes:
    """Returns what a client sends to have a picture answered."""
    return json.dumps({"instances": [{INPUT: {"b64": base64.b64encode(image).decode()}}]}).encode()


def _measure(
    bare: BareCalls, images: Sequence[bytes], load: Callable[[str, int, float], LoadFigures], seconds: float
) -> ServingRound:
    """Measures everything once, what is compared close together."""
    batch = [images[number % len(images)] for number in range(BATCH)]
    call = median(bare.time(batch[:1], seconds))
    loads: dict[str, dict[int, LoadFigures]] = {WITH: {}, WITHOUT: {}, ALONE: {}}
    for clients in CLIENTS:
        for asked in loads:
            loads[asked][clients] = load(asked, clients, seconds)
    calls = bare.time(batch, seconds)
    return ServingRound(call, BATCH * len(calls) / sum(calls) * 1000, loads)


def _load(load: Load) -> LoadFigures:
    """Loads a server from a process of its own.

    Raises:
        UserError: a request was refused.
    """
    try:
        figures: LoadFigures = call_in_fresh_process(load_server, load)
    except ProcessError as error:
        raise UserError(f"loading the server failed: {error}") from error
    return figures


@contextmanager
def _served(folder: Path, *options: str) -> Iterator[tuple[str, int]]:
    """Runs the command `serve` over a folder, and yields its address.

    Raises:
        UserError: it does not start.
    """
    command = [
        *start_of_command(),
        "serve",
        "--models",
        str(folder),
        "--port",
        "0",
        "--grpc-port",
        "0",
        *options,
    ]
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
        assert process.stdout is not None
        try:
            said = ""
            for line in process.stdout:
                said += line
                if line.startswith(_READY):
                    break
            address = _ADDRESS.search(said)
            if address is None:
                log.seek(0)
                raise UserError(f"the server does not start: {(log.read().strip().splitlines() or ['nothing'])[-1]}")
            yield address[1], int(address[2])
        finally:
            process.terminate()
            process.communicate(timeout=_STOP_SECONDS)
