"""The server's limits as options of `serve`, under TensorFlow Serving's names and spellings."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import grpc
import pytest
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

from serving.server import Limits, ServerError
from serving.server.grpc_api.server import GrpcServer

ROOT = Path(__file__).parents[3]
OPTIONS = (
    *("--rest_api_timeout_in_ms=1500", "--rest_api_num_threads", "2", "--max-body-bytes", "3000"),
    "--grpc_channel_arguments=grpc.max_receive_message_length=1000,grpc.max_connection_age_ms=60000",
    *("--tensorflow_inter_op_parallelism", "1", "--tensorflow-intra-op-parallelism=1"),
)


@pytest.fixture(scope="module")
def limited(models: Path, server: Any) -> Iterator[SimpleNamespace]:
    """A server that was started with options: `server` for HTTP, and the address of `grpc`."""
    command = [sys.executable, "cli.py", "serve", "--models", models, "--port", "0", "--grpc-port", "0", *OPTIONS]
    process = subprocess.Popen(list(map(str, command)), cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        lines = []
        while not lines or "Ctrl-C stops" not in lines[-1]:
            lines.append(process.stdout.readline())  # type: ignore[union-attr]
            assert lines[-1], lines
        text = "".join(lines)
        port = re.search(r"http://127\.0\.0\.1:(\d+)/v1/", text)[1]  # type: ignore[index]
        address = re.search(r"^(\S+)  the same over gRPC", text, re.MULTILINE)[1]  # type: ignore[index]
        yield SimpleNamespace(server=type(server)(process, {"port": port}), grpc=address)
    finally:
        process.terminate()
        process.communicate(timeout=60)


def test_the_time_to_an_answer(limited: SimpleNamespace) -> None:
    answer = limited.server.predict("scaler", {"signature_name": "spin", "inputs": [10**7]})
    assert (answer.status, answer.error) == (504, "Deadline exceeded: no answer within 1.5 seconds")
    assert limited.server.is_alive()


def test_the_size_of_a_body_and_of_a_message(limited: SimpleNamespace) -> None:
    answer = limited.server.predict("scaler", " " * 3001)
    assert (answer.status, answer.error) == (413, "Request body is larger than the limit of 3000 bytes")
    assert limited.server.predict("scaler", '{"instances": [[1, 2]]}' + " " * 2900).status == 200
    request = predict_pb2.PredictRequest()
    request.model_spec.name = "x" * 1000
    with grpc.insecure_channel(limited.grpc) as channel, pytest.raises(grpc.RpcError) as error:
        prediction_service_pb2_grpc.PredictionServiceStub(channel).Predict(request, timeout=60)
    assert error.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED


@pytest.mark.parametrize("text", ["grpc.max_connection_age_ms", "=3", "a=1,,b=2", "a="])
def test_an_argument_for_grpc_that_is_none_is_named(text: str) -> None:
    with pytest.raises(ServerError, match=re.escape(f"Expected NAME=VALUE,... as arguments for gRPC, got {text}")):
        GrpcServer("127.0.0.1", 0, Limits(), text)


def test_larger_bodies_may_take_more_together() -> None:
    limits = Limits().with_bodies_of(2**30)
    assert (limits.max_body_bytes, limits.max_inflated_bytes, limits.max_bodies_bytes) == (2**30, 2**30, 2**31)
    assert Limits().with_bodies_of(1000).max_inflated_bytes == Limits().max_inflated_bytes
