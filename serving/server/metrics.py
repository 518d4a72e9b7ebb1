"""What the server counts and times while it answers, and its exposition in Prometheus's text format 0.0.4.

The names, labels and buckets are TensorFlow Serving's own, so that a dashboard made for it reads this server as well.
Source: `request_count`, `request_latency` and `runtime_latency` in its servables/tensorflow/util.cc, written by its
util/prometheus_exporter.cc; there, REST's `API` is the word in the path (`predict`, empty for status and metadata) and
gRPC's is the method (`Predict`), which the run of a graph has too.

Differs from the real server, where a client that makes up model names grows the memory: whatever is asked of a model
that is not served is counted under the empty name, as is what names no model at all.
"""

import threading
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

# Upper bounds in microseconds, 10 to 1.5e9 (25 minutes); above them stands the bucket without a bound.
# Source: Buckets::Exponential(10, 1.8, 33).
_BOUNDS = tuple(10.0 * 1.8**power for power in range(33))
# As TensorFlow Serving writes them: six digits, which is what queries for a bucket by its bound rely on.
_BOUND_TEXTS = (*(f"{bound:.6g}" for bound in _BOUNDS), "+Inf")
_MICROSECONDS = 1e6
_NOT_SERVED = ""
# How the session path that this server runs is called there.
_RUNTIME = "TF1"

Labels = tuple[str, ...]


class _Histogram:
    """Times in buckets; whoever uses it holds the lock of its `Metrics`."""

    def __init__(self) -> None:
        """Starts empty."""
        self.counts = [0] * len(_BOUND_TEXTS)
        self.sum = 0.0

    def add(self, microseconds: float) -> None:
        """Adds one time."""
        self.counts[bisect_left(_BOUNDS, microseconds)] += 1
        self.sum += microseconds


class Metrics:
    """Counts and times of requests, from many threads; as large as there are models, however many requests come."""

    def __init__(self, is_served: Callable[[str], bool]) -> None:
        """Starts at zero.

        Args:
            is_served: Tells whether there is a model of a name.
        """
        self._is_served = is_served
        self._lock = threading.Lock()
        self._requests: dict[Labels, int] = {}
        self._request_times: dict[Labels, _Histogram] = {}
        self._run_times: dict[Labels, _Histogram] = {}

    def count_request(self, model: str, status: str) -> None:
        """Counts a finished request.

        Args:
            model: The model's name as the client wrote it, empty where it wrote none.
            status: TensorFlow's name of the status code, such as `OK` or `INVALID_ARGUMENT`.
        """
        labels = (self._name(model), status)
        with self._lock:
            self._requests[labels] = self._requests.get(labels, 0) + 1

    def observe_request(self, model: str, api: str, entrypoint: str, seconds: float) -> None:
        """Times a request that was answered, from its body to its answer.

        Args:
            model: The model's name.
            api: What was asked: `predict` by REST, `Predict` by gRPC.
            entrypoint: `REST` or `GRPC`.
            seconds: Its time.
        """
        self._observe(self._request_times, (self._name(model), api, entrypoint), seconds)

    def observe_run(self, model: str, api: str, seconds: float) -> None:
        """Times the run of a request's graph, waiting for a batch included.

        Args:
            model: The model's name.
            api: What was asked: `Predict`, `Classify` or `Regress`.
            seconds: Its time.
        """
        self._observe(self._run_times, (self._name(model), api, _RUNTIME), seconds)

    def exposition(self) -> str:
        """Returns all counts and times as Prometheus reads them."""
        with self._lock:
            requests = dict(self._requests)
            request_times = {labels: (list(each.counts), each.sum) for labels, each in self._request_times.items()}
            run_times = {labels: (list(each.counts), each.sum) for labels, each in self._run_times.items()}
        prefix = ":tensorflow:serving"
        lines = [
            *_heading(f"{prefix}:request_count", "counter", "Requests by model and status code."),
            *_counter(f"{prefix}:request_count", requests),
            *_heading(f"{prefix}:request_latency", "histogram", "Microseconds from a request to its answer."),
            *_histogram(f"{prefix}:request_latency", ("model_name", "API", "entrypoint"), request_times),
            *_heading(f"{prefix}:runtime_latency", "histogram", "Microseconds of a request that its graph took."),
            *_histogram(f"{prefix}:runtime_latency", ("model_name", "API", "runtime"), run_times),
        ]
        return "\n".join(lines) + "\n"

    def _name(self, model: str) -> str:
        """Returns the name that a model's requests are counted under."""
        return model if self._is_served(model) else _NOT_SERVED

    def _observe(self, histograms: dict[Labels, _Histogram], labels: Labels, seconds: float) -> None:
        """Adds a time to the histogram of its labels."""
        with self._lock:
            histogram = histograms.get(labels)
            if histogram is None:
                histogram = histograms[labels] = _Histogram()
            histogram.add(seconds * _MICROSECONDS)


def _heading(name: str, kind: str, meaning: str) -> Iterator[str]:
    """Yields what stands before a metric's samples."""
    yield f"# HELP {name} {meaning}"
    yield f"# TYPE {name} {kind}"


def _counter(name: str, counts: Mapping[Labels, int]) -> Iterator[str]:
    """Yields a counter's samples."""
    for labels in sorted(counts):
        yield f"{name}{{{_written(('model_name', 'status'), labels)}}} {counts[labels]}"


def _histogram(name: str, keys: Labels, times: Mapping[Labels, tuple[list[int], float]]) -> Iterator[str]:
    """Yields a histogram's samples: how many were at most a bound, for each bound; their sum; how many there were."""
    for labels in sorted(times):
        counts, total = times[labels]
        written = _written(keys, labels)
        count = 0
        for bound, count_here in zip(_BOUND_TEXTS, counts, strict=True):
            count += count_here
            yield f'{name}_bucket{{{written},le="{bound}"}} {count}'
        yield f"{name}_sum{{{written}}} {total!r}"
        yield f"{name}_count{{{written}}} {count}"


def _written(keys: Labels, values: Labels) -> str:
    """Returns labels as text; a backslash, a quote or a new line in a value is escaped."""
    escaped = (value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n") for value in values)
    return ",".join(f'{key}="{value}"' for key, value in zip(keys, escaped, strict=True))
