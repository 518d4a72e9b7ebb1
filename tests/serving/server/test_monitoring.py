"""Metrics in Prometheus's text format, health and readiness."""

import re
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from serving.server.metrics import Metrics

PATH = "/monitoring/prometheus/metrics"
COUNT = ":tensorflow:serving:request_count"
LATENCY = ":tensorflow:serving:request_latency"
RUNTIME = ":tensorflow:serving:runtime_latency"
GRAPHS = ":tensorflow:core:graph_run"
BATCHES = ":tensorflow:serving:batching_session"
LABELS = {
    f"{GRAPHS}s": [],
    f"{GRAPHS}_time_usecs": [],
    f"{GRAPHS}_time_usecs_histogram": [],
    f"{BATCHES}:queuing_latency": ["thread_pool_name"],
    f"{BATCHES}:wrapped_run_count": [],
    f"{BATCHES}:input_batch_size": [],
    f"{BATCHES}:processed_batch_size": [],
    f"{BATCHES}:padding_size": ["execution_batch_size"],
    COUNT: ["model_name", "status"],
    LATENCY: ["model_name", "API", "entrypoint"],
    RUNTIME: ["model_name", "API", "runtime"],
}
NUM_BUCKETS = 34
ONE = {"instances": [[1.0, 2.0]]}

Samples = dict[str, dict[tuple[str, ...], float]]


def read_exposition(text: str) -> Samples:
    """Reads the format strictly: every line is a HELP, a TYPE, or a sample of the metric that was announced last."""
    samples: Samples = {}
    name = kind = ""
    assert text.endswith("\n") and not text.endswith("\n\n")
    for line in text.splitlines():
        if line.startswith("# HELP "):
            name, meaning = line.removeprefix("# HELP ").split(" ", 1)
            assert name not in samples and meaning
            samples[name] = {}
        elif line.startswith("# TYPE "):
            assert line.startswith(f"# TYPE {name} ") and not samples[name]
            kind = line.rsplit(" ", 1)[1]
        else:
            match = re.fullmatch(r'([a-zA-Z_:][a-zA-Z0-9_:]*)\{((?:\w+="(?:[^"\\\n]|\\[\\"n])*",?)*)\} (\S+)', line)
            assert match, line
            suffix = match[1].removeprefix(name)
            assert suffix in {"counter": ("",), "histogram": ("_bucket", "_sum", "_count")}[kind], line
            pairs = re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', match[2])
            assert [key for key, _ in pairs] == LABELS[name] + ["le"] * (suffix == "_bucket")
            label = (*(suffix,) * bool(suffix), *(value for _, value in pairs))
            assert label not in samples[name], line
            samples[name][label] = float(match[3])
    return samples


@pytest.fixture(scope="module")
def monitored_server(start_module: Callable[..., Any]) -> Any:
    """A server whose metrics may be read."""
    return start_module({"monitoring": True})


def read_metrics(server: Any) -> Samples:
    answer = server.ask("GET", PATH)
    assert (answer.status, answer.headers["content-type"]) == (200, "text/plain; version=0.0.4; charset=utf-8")
    return read_exposition(answer.body.decode("utf-8"))


def growth(before: Samples, after: Samples, name: str) -> dict[tuple[str, ...], float]:
    """What has been added to a metric's samples, but for the buckets and sums of its times."""
    changes = {label: value - before[name].get(label, 0) for label, value in after[name].items()}
    return {label: change for label, change in changes.items() if change and label[:1] not in (("_bucket",), ("_sum",))}


def test_requests_are_counted_by_model_and_status(monitored_server: Any) -> None:
    before = read_metrics(monitored_server)
    for _ in range(3):
        assert monitored_server.predict("scaler", ONE).status == 200
    for body in ("{", {"instances": ["one"]}):
        assert monitored_server.predict("scaler", body).status == 400
    assert monitored_server.ask("POST", "/v1/models/scaler/versions/9:predict", ONE).status == 404
    assert monitored_server.predict("mixed", {"signature_name": "none", **ONE}).status == 400
    after = read_metrics(monitored_server)
    assert growth(before, after, COUNT) == {
        ("scaler", "OK"): 3,
        ("scaler", "INVALID_ARGUMENT"): 2,
        ("scaler", "NOT_FOUND"): 1,
        ("mixed", "INVALID_ARGUMENT"): 1,
    }
    assert growth(before, after, LATENCY) == {("_count", "scaler", "predict", "REST"): 3}
    assert growth(before, after, RUNTIME) == {("_count", "scaler", "Predict", "TF1"): 3}


def test_runs_of_graphs_are_counted_and_timed(monitored_server: Any) -> None:
    before = read_metrics(monitored_server)
    for _ in range(3):
        assert monitored_server.predict("scaler", ONE).status == 200
    assert monitored_server.predict("fixed", {"signature_name": "matrix", "inputs": [[1.0]]}).status == 400
    after = read_metrics(monitored_server)
    assert growth(before, after, f"{GRAPHS}s") == {(): 3}
    assert 0 < growth(before, after, f"{GRAPHS}_time_usecs")[()] < 60e6
    assert growth(before, after, f"{GRAPHS}_time_usecs_histogram") == {("_count",): 3}
    bounds = [label[-1] for label in after[f"{GRAPHS}_time_usecs_histogram"] if label[0] == "_bucket"]
    assert (bounds[:2], bounds[-2:]) == (["1000", "2000"], ["5.24288e+08", "+Inf"])
    assert growth(before, after, f"{BATCHES}:wrapped_run_count") == {}


def test_batches_are_counted_and_how_long_requests_wait_for_them(start: Callable[..., Any]) -> None:
    server = start({"monitoring": True, "batching": {"only_stated": False}})
    before = read_metrics(server)
    for body in (ONE, {"instances": [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]}):
        assert server.predict("scaler", body).status == 200
    after = read_metrics(server)
    assert growth(before, after, f"{BATCHES}:wrapped_run_count") == {(): 2}
    assert growth(before, after, f"{BATCHES}:queuing_latency") == {("_count", "model_server_batch_threads"): 2}
    assert growth(before, after, f"{BATCHES}:padding_size") == {("_count", "1"): 1, ("_count", "3"): 1}
    for name in (f"{BATCHES}:input_batch_size", f"{BATCHES}:processed_batch_size"):
        assert after[name]["_sum",] == 4
        buckets = [after[name]["_bucket", bound] for bound in ("1", "2", "4", "8192", "+Inf")]
        assert buckets == [1, 1, 2, 2, 2]
    bounds = [label[-1] for label in after[f"{BATCHES}:queuing_latency"] if label[0] == "_bucket"]
    assert (bounds[:3], bounds[-1], len(bounds)) == (["100", "120", "144"], "+Inf", 53)
    assert growth(before, after, f"{GRAPHS}s") == {(): 2}


def test_status_and_metadata_are_counted_without_a_method_as_the_real_server_does(monitored_server: Any) -> None:
    before = read_metrics(monitored_server)
    for path in ("/v1/models/scaler", "/v1/models/scaler/metadata"):
        assert monitored_server.ask("GET", path).status == 200
    after = read_metrics(monitored_server)
    assert growth(before, after, COUNT) == {("scaler", "OK"): 2}
    assert growth(before, after, LATENCY) == {("_count", "scaler", "", "REST"): 2}
    assert growth(before, after, RUNTIME) == {}


def test_histograms_add_up(monitored_server: Any) -> None:
    monitored_server.predict("scaler", ONE)
    samples = read_metrics(monitored_server)
    for name in (LATENCY, RUNTIME):
        series = {label[1:] for label in samples[name] if label[0] == "_count"}
        assert series
        for labels in series:
            buckets = {label[-1]: n for label, n in samples[name].items() if label[:-1] == ("_bucket", *labels)}
            bounds, counts = list(map(float, buckets)), list(buckets.values())
            assert len(buckets) == NUM_BUCKETS and bounds == sorted(bounds) and list(buckets)[-1] == "+Inf"
            assert counts == sorted(counts) and counts[-1] == samples[name]["_count", *labels]
            least = sum(low * n for low, n in zip([0, *bounds], increments(counts), strict=False))
            most = sum(high * n for high, n in zip(bounds, increments(counts), strict=True) if n)
            assert least <= samples[name]["_sum", *labels] <= most
    run_time = samples[RUNTIME]["_sum", "scaler", "Predict", "TF1"]
    assert 0 < run_time < samples[LATENCY]["_sum", "scaler", "predict", "REST"]


def increments(counts: list[float]) -> list[float]:
    return [count - before for before, count in zip([0, *counts], counts, strict=False)]


def test_bounds_are_written_as_the_real_server_writes_them(monitored_server: Any) -> None:
    monitored_server.predict("scaler", ONE)
    bounds = [label[-1] for label in read_metrics(monitored_server)[RUNTIME] if label[0] == "_bucket"]
    assert bounds[:7] == ["10", "18", "32.4", "58.32", "104.976", "188.957", "340.122"]
    assert bounds[19] == "708235" and bounds[32:34] == ["1.47476e+09", "+Inf"]


def test_names_that_clients_make_up_do_not_grow_the_metrics(monitored_server: Any) -> None:
    before = read_metrics(monitored_server)
    for number in range(20):
        assert monitored_server.predict(f"nobody%0A%22{number}", ONE).status == 404
        assert monitored_server.ask("GET", f"/v1/models/nobody{number}/metadata").status == 404
    assert monitored_server.ask("GET", "/v1/models/").status == 400
    after = read_metrics(monitored_server)
    assert growth(before, after, COUNT) == {("", "NOT_FOUND"): 40, ("", "INVALID_ARGUMENT"): 1}
    assert len(after[LATENCY]) == len(before[LATENCY]) and len(after[RUNTIME]) == len(before[RUNTIME])


def test_what_a_value_of_a_label_must_not_hold_is_escaped() -> None:
    metrics = Metrics(lambda name: True)
    metrics.count_request('a"b\\c\nd', "OK")
    assert f'{COUNT}{{model_name="a\\"b\\\\c\\nd",status="OK"}} 1\n' in metrics.exposition()
    read_exposition(metrics.exposition())


def test_a_time_at_a_bound_lies_at_or_below_it() -> None:
    metrics = Metrics(lambda name: True)
    for seconds in (10e-6, 10.1e-6, 1e9):
        metrics.observe_run("m", "Predict", seconds)
    samples = read_exposition(metrics.exposition())[RUNTIME]
    counts = {bound: samples["_bucket", "m", "Predict", "TF1", bound] for bound in ("10", "18", "1.47476e+09", "+Inf")}
    assert counts == {"10": 1, "18": 2, "1.47476e+09": 2, "+Inf": 3}


def test_no_count_is_lost_between_threads() -> None:
    metrics = Metrics(lambda name: True)

    def work() -> None:
        for _ in range(2000):
            metrics.count_request("m", "OK")
            metrics.observe_request("m", "Predict", "GRPC", 1e-3)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    samples = read_exposition(metrics.exposition())
    assert samples[COUNT] == {("m", "OK"): 16000}
    assert samples[LATENCY]["_count", "m", "Predict", "GRPC"] == 16000
    assert samples[LATENCY]["_sum", "m", "Predict", "GRPC"] == pytest.approx(16e6)


@pytest.mark.parametrize("path", ["/", "/healthz", "/readyz", "/openapi.json", PATH])
def test_head_is_get_without_the_body_and_other_methods_are_405(monitored_server: Any, path: str) -> None:
    assert monitored_server.ask("GET", path).body
    head = monitored_server.ask("HEAD", path)
    assert (head.status, head.body) == (200, b"")
    answer = monitored_server.ask("POST", path, "{}")
    assert (answer.status, answer.body) == (405, b"Method Not Allowed")
    assert {method.strip() for method in answer.headers["allow"].split(",")} == {"GET", "HEAD"}


def test_a_server_with_a_version_of_every_model_is_healthy_and_ready(server: Any) -> None:
    assert server.ask("GET", "/healthz").body == b"ok"
    answer = server.ask("GET", "/readyz")
    assert (answer.status, answer.json) == (200, {"ready": True, "missing": []})


def test_a_model_that_does_not_load_is_named_and_why(start: Callable[..., Any], models: Path, tmp_path: Path) -> None:
    folder = tmp_path / "models"
    shutil.copytree(models / "scaler" / "2", folder / "scaler" / "2")
    shutil.copytree(models / "scaler" / "3", folder / "broken" / "1")
    server = start({"models": folder})
    assert server.ask("GET", "/healthz").status == 200
    answer = server.ask("GET", "/readyz")
    assert answer.status == 503 and answer.headers["retry-after"] == "1" and answer.json["ready"] is False
    (missing,) = answer.json["missing"]
    assert missing["model"] == "broken" and missing["reason"].startswith("version 1: ")
    assert server.is_alive()
