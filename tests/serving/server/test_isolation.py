"""A model whose runs take long keeps nobody waiting who asks another one, and a run ends with its caller's patience."""

import json
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

from serving.server import Limits
from serving.server.errors import RequestError
from serving.server.models.loading import BATCHING_STATEMENT, load_version

LONG = 10**7
PADDING = "x" * 2_000_000
QUICK = {"signature_name": "any_length", "inputs": [1.0]}
LIMITS = {"request_threads": 2, "max_model_requests": 6, "deadline_seconds": 4.0}


@pytest.fixture(scope="module")
def served(models: Path, tmp_path_factory: pytest.TempPathFactory, start_module: Callable[..., Any]) -> Any:
    """A server with few threads over `slow`, `quick`, `crowded`, and two whose requests share runs."""
    folder = tmp_path_factory.mktemp("isolation")
    for name in ("slow", "quick", "crowded", "slow_rows", "quick_rows"):
        shutil.copytree(models / "scaler" / "1", folder / name / "1")
        if name.endswith("rows"):
            (folder / name / "1" / "assets.extra").mkdir()
            (folder / name / "1" / BATCHING_STATEMENT).write_text('{"independent_rows": true}')
    return start_module({"models": folder, "grpc_port": 0, "batching": {"num_batch_threads": 1}}, **LIMITS)


def spin(rounds: int = LONG) -> dict[str, Any]:
    """Returns a request that takes as long as it is told."""
    return {"signature_name": "spin", "inputs": [rounds]}


def spin_message(model: str, rounds: int) -> Any:
    """Returns the same for gRPC."""
    message = predict_pb2.PredictRequest()
    message.model_spec.name, message.model_spec.signature_name = model, "spin"
    message.inputs["rounds"].CopyFrom(tf.make_tensor_proto(np.array([rounds])))
    return message


@contextmanager
def under_way(count: int, ask: Callable[[], Any]) -> Iterator[list["Future[Any]"]]:
    """Asks as many times at once; nothing of it may be answered before what is done within."""
    with ThreadPoolExecutor(count) as pool:
        asked = [pool.submit(ask) for _ in range(count)]
        time.sleep(0.5)
        yield asked
        assert not any(each.done() for each in asked)
        wait(asked)


def test_long_runs_keep_no_other_model_waiting(served: Any) -> None:
    with under_way(4, lambda: served.predict("slow", spin())) as asked:
        for _ in range(5):
            assert served.predict("quick", QUICK).json == {"outputs": [2.0]}
    assert {each.result().status for each in asked} == {504}


def test_long_runs_of_large_requests_keep_no_other_large_request_waiting(served: Any) -> None:
    padded = {"signature_name": "spin", "inputs": {"rounds": [LONG], "padding": PADDING}}
    with under_way(3, lambda: served.predict("slow", padded)):
        answer = served.predict("quick", {"signature_name": "any_length", "inputs": {"x": [1.0], "padding": PADDING}})
        assert answer.json == {"outputs": [2.0]}


def test_long_batches_keep_no_other_models_batches_waiting(served: Any) -> None:
    with under_way(3, lambda: served.predict("slow_rows", spin())):
        assert served.predict("quick_rows", QUICK).json == {"outputs": [2.0]}


def test_long_runs_over_grpc_keep_no_other_model_waiting(served: Any) -> None:
    with channel_to(served) as stub:
        asked = [stub.Predict.future(spin_message("slow", LONG), timeout=60) for _ in range(4)]
        time.sleep(0.5)
        assert len(stub.Predict(spin_message("quick", 1), timeout=60).outputs) == 1
        assert served.predict("quick", QUICK).status == 200
        assert not any(each.done() for each in asked)
        assert {each.exception().code().name for each in asked} == {"DEADLINE_EXCEEDED"}


def test_a_model_that_is_asked_too_much_is_full_by_itself(served: Any) -> None:
    with under_way(6, lambda: served.predict("crowded", spin())):
        answer = served.predict("crowded", QUICK)
        assert (answer.status, answer.headers["retry-after"]) == (503, "1")
        assert answer.error == "The queue of crowded is full: 6 requests are waiting or running"
        assert served.predict("quick", QUICK).status == 200
    # TensorFlow stops its runs when their time is up, which may be a moment after their callers have been told so.
    end = time.monotonic() + 30
    while served.predict("crowded", QUICK).status != 200:
        assert time.monotonic() < end
        time.sleep(0.05)


def test_what_takes_half_of_the_memory_for_requests_leaves_the_other_half(models: Path, start: Any) -> None:
    server = start({"models": models}, max_bodies_bytes=10_000_000, deadline_seconds=4)
    padded = {"signature_name": "spin", "inputs": {"rounds": [LONG], "padding": PADDING}}
    with under_way(2, lambda: server.predict("scaler", padded)):
        answer = server.predict("scaler", padded)
        assert (answer.status, answer.error) == (503, "The requests to scaler together are larger than 5000000 bytes")
        assert server.predict("modern", {"inputs": {"padding": PADDING}, "signature_name": "classify"}).status == 400


def test_a_run_of_a_client_that_has_left_does_not_begin(models: Path, start: Any) -> None:
    server = start({"models": models}, request_threads=1, deadline_seconds=60)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(server.predict, "scaler", spin(6000))
        time.sleep(0.3)
        for _ in range(3):
            leave_after_asking(server.port, spin())
        assert first.result().status == 200
    # Each of them would take a minute.
    assert server.predict("scaler", QUICK).status == 200


def leave_after_asking(port: int, document: Any) -> None:
    """Sends a request and closes the connection once it waits for its run."""
    body = json.dumps(document)
    head = f"POST /v1/models/scaler:predict HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall((head + body).encode())
        time.sleep(0.1)


@pytest.mark.slow
def test_a_run_ends_with_the_deadline_of_its_caller(models: Path, start: Any) -> None:
    server = start({"models": models, "grpc_port": 0}, request_threads=1, deadline_seconds=60)
    with channel_to(server) as stub:
        # What stops a run after a second is made beside the first one that wants it.
        assert stub.Predict(spin_message("scaler", 1), timeout=1).outputs
        time.sleep(2)
        with pytest.raises(grpc.RpcError) as error:
            stub.Predict(spin_message("scaler", LONG), timeout=1)
        assert error.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED
        # The only thread is free again long before a minute has passed.
        assert stub.Predict(spin_message("scaler", 1), timeout=20).outputs


@pytest.mark.slow
def test_a_run_is_stopped_before_twice_the_time_that_it_was_given(models: Path) -> None:
    version = load_version("scaler", 1, models / "scaler" / "1", Limits(deadline_seconds=64))
    signature = version.signatures["spin"]
    version.run(signature, {"rounds": np.array([1])}, 1)
    for thread in threading.enumerate():
        if thread.name == "serving-prepare":
            thread.join()
    began = time.monotonic()
    with pytest.raises(RequestError) as error:
        version.run(signature, {"rounds": np.array([LONG])}, 1)
    assert error.value.status == 504
    assert time.monotonic() - began < 30
    version.retire()


@contextmanager
def channel_to(server: Any) -> Iterator[Any]:
    """Connects to a server over gRPC."""
    with grpc.insecure_channel(f"127.0.0.1:{server.summary['grpc_port']}") as channel:
        yield prediction_service_pb2_grpc.PredictionServiceStub(channel)
