"""What the server counts and times while it answers, and its exposition in Prometheus's text format 0.0.4.

The names, labels and buckets are TensorFlow Serving's own, so that a dashboard made for it reads this server as well.
Source: servables/tensorflow/util.cc, batching/batching_session.cc and batching_util.h there, written by its
util/prometheus_exporter.cc, and TensorFlow's core/framework/metrics.cc; there, REST's `API` is the word in the path
(`predict`, empty for status and metadata) and gRPC's is the method (`Predict`), which the run of a graph has too.

Differs from the real server, where a client that makes up model names grows the memory: whatever is asked of a model
that is not served is counted under the empty name, as is what names no model at all.
"""

import threading
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_MICROSECONDS = 1e6
_NOT_SERVED = ""
# How the session path that this server runs is called there.
_RUNTIME = "TF1"
# The real server's own name of its batching threads, where no parameters file gives another one.
_BATCH_THREADS = "model_server_batch_threads"

Labels = tuple[str, ...]


@dataclass(frozen=True)
class _Series:
    """Values under one name.

    Attributes:
        name: The name.
        meaning: One line.
        keys: The names of its labels.
        bounds: Upper bounds of a histogram's buckets, above which stands the one without a bound; none for a counter.
    """

    name: str
    meaning: str
    keys: Labels = ()
    bounds: tuple[float, ...] = ()


def _exponential(first: float, factor: float, count: int) -> tuple[float, ...]:
    """Returns bounds as `Buckets::Exponential` makes them."""
    return tuple(first * factor**power for power in range(count))


_TIMES = _exponential(10, 1.8, 33)
_SIZES = _exponential(1, 2, 14)
_SERVING, _CORE = ":tensorflow:serving", ":tensorflow:core"
_BATCHING = f"{_SERVING}:batching_session"

_REQUESTS = _Series(f"{_SERVING}:request_count", "Requests by model and status code.", ("model_name", "status"))
_REQUEST_TIMES = _Series(
    f"{_SERVING}:request_latency",
    "Microseconds from a request to its answer.",
    ("model_name", "API", "entrypoint"),
    _TIMES,
)
_RUN_TIMES = _Series(
    f"{_SERVING}:runtime_latency",
    "Microseconds of a request that its graph took.",
    ("model_name", "API", "runtime"),
    _TIMES,
)
_GRAPH_RUNS = _Series(f"{_CORE}:graph_runs", "Runs of graphs.")
_GRAPH_TIME = _Series(f"{_CORE}:graph_run_time_usecs", "Microseconds of all runs of graphs together.")
_GRAPH_TIMES = _Series(
    f"{_CORE}:graph_run_time_usecs_histogram", "Microseconds of a run of a graph.", (), _exponential(1000, 2, 20)
)
_QUEUING = _Series(
    f"{_BATCHING}:queuing_latency",
    "Microseconds that a request waited for its batch.",
    ("thread_pool_name",),
    _exponential(100, 1.2, 52),
)
_BATCH_RUNS = _Series(f"{_BATCHING}:wrapped_run_count", "Runs of batches.")
_INPUT_SIZES = _Series(f"{_BATCHING}:input_batch_size", "Rows of a request's input.", (), _SIZES)
_BATCH_SIZES = _Series(f"{_BATCHING}:processed_batch_size", "Rows of a batch.", (), _SIZES)
_PADDING_SIZES = _Series(
    f"{_BATCHING}:padding_size",
    "Rows that a batch was filled up with, which this server never does.",
    ("execution_batch_size",),
    _SIZES,
)
_ALL = (
    *(_REQUESTS, _REQUEST_TIMES, _RUN_TIMES, _GRAPH_RUNS, _GRAPH_TIME, _GRAPH_TIMES),
    *(_QUEUING, _BATCH_RUNS, _INPUT_SIZES, _BATCH_SIZES, _PADDING_SIZES),
)


@dataclass
class _Value:
    """A sum; for a histogram also how many values lie in each bucket. Whoever uses it holds the lock."""

    sum: float
    counts: list[int]


class Metrics:
    """Counts and times of requests, from many threads; as large as there are models, however many requests come."""

    def __init__(self, is_served: Callable[[str], bool]) -> None:
        """Starts at zero.

        Args:
            is_served: Tells whether there is a model of a name.
        """
        self._is_served = is_served
        self._lock = threading.Lock()
        self._values: dict[str, dict[Labels, _Value]] = {series.name: {} for series in _ALL}

    def count_request(self, model: str, status: str) -> None:
        """Counts a finished request.

        Args:
            model: The model's name as the client wrote it, empty where it wrote none.
            status: TensorFlow's name of the status code, such as `OK` or `INVALID_ARGUMENT`.
        """
        self._add((_REQUESTS, (self._name(model), status), 1))

    def observe_request(self, model: str, api: str, entrypoint: str, seconds: float) -> None:
        """Times a request that was answered, from its body to its answer.

        Args:
            model: The model's name.
            api: What was asked: `predict` by REST, `Predict` by gRPC.
            entrypoint: `REST` or `GRPC`.
            seconds: Its time.
        """
        self._add((_REQUEST_TIMES, (self._name(model), api, entrypoint), seconds * _MICROSECONDS))

    def observe_run(self, model: str, api: str, seconds: float) -> None:
        """Times the run of a request's graph, waiting for a batch included.

        Args:
            model: The model's name.
            api: What was asked: `Predict`, `Classify` or `Regress`.
            seconds: Its time.
        """
        self._add((_RUN_TIMES, (self._name(model), api, _RUNTIME), seconds * _MICROSECONDS))

    def observe_graph(self, seconds: float) -> None:
        """Times one run of a graph, for a request or for a batch of them, that succeeded."""
        time = seconds * _MICROSECONDS
        self._add((_GRAPH_RUNS, (), 1), (_GRAPH_TIME, (), round(time)), (_GRAPH_TIMES, (), time))

    def observe_batch(self, waits: list[float], sizes: list[int], num_rows: int) -> None:
        """Notes a batch that is about to run.

        Args:
            waits: The seconds that each of its requests waited.
            sizes: The rows of each input of each request.
            num_rows: The rows of the batch.
        """
        self._add(
            *((_QUEUING, (_BATCH_THREADS,), wait * _MICROSECONDS) for wait in waits),
            *((_INPUT_SIZES, (), size) for size in sizes),
            (_BATCH_SIZES, (), num_rows),
            (_PADDING_SIZES, (str(num_rows),), 0),
            (_BATCH_RUNS, (), 1),
        )

    def exposition(self) -> str:
        """Returns all counts and times as Prometheus reads them."""
        with self._lock:
            values = {
                name: {labels: _Value(value.sum, list(value.counts)) for labels, value in found.items()}
                for name, found in self._values.items()
            }
        lines = [line for series in _ALL for line in _exposed(series, values[series.name])]
        return "\n".join(lines) + "\n"

    def _name(self, model: str) -> str:
        """Returns the name that a model's requests are counted under."""
        return model if self._is_served(model) else _NOT_SERVED

    def _add(self, *added: tuple[_Series, Labels, float]) -> None:
        """Adds values to what their labels have."""
        with self._lock:
            for series, labels, amount in added:
                values = self._values[series.name]
                value = values.get(labels)
                if value is None:
                    value = values[labels] = _Value(0, [0] * (len(series.bounds) + 1) if series.bounds else [])
                value.sum += amount
                if series.bounds:
                    value.counts[bisect_left(series.bounds, amount)] += 1


def _exposed(series: _Series, values: Mapping[Labels, _Value]) -> Iterator[str]:
    """Yields a series' lines: what it is, then a counter's values, or a histogram's buckets, sums and numbers.

    A bucket has how many values were at most its bound. Bounds have six digits, as TensorFlow Serving writes them,
    which is what queries for a bucket by its bound rely on.
    """
    yield f"# HELP {series.name} {series.meaning}"
    yield f"# TYPE {series.name} {'histogram' if series.bounds else 'counter'}"
    bounds = [*(f"{bound:.6g}" for bound in series.bounds), "+Inf"]
    for labels in sorted(values):
        written, value, count = _written(series.keys, labels), values[labels], 0
        if not series.bounds:
            yield f"{series.name}{{{written}}} {value.sum}"
            continue
        for bound, count_here in zip(bounds, value.counts, strict=True):
            count += count_here
            yield f'{series.name}_bucket{{{written}{"," if written else ""}le="{bound}"}} {count}'
        yield f"{series.name}_sum{{{written}}} {value.sum!r}"
        yield f"{series.name}_count{{{written}}} {count}"


def _written(keys: Labels, values: Labels) -> str:
    """Returns labels as text; a backslash, a quote or a new line in a value is escaped."""
    escaped = (value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n") for value in values)
    return ",".join(f'{key}="{value}"' for key, value in zip(keys, escaped, strict=True))
