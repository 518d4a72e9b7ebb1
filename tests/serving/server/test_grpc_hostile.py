"""gRPC clients that mean harm: that send nothing, too slowly, too much, or far too many of something."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
import tensorflow as tf
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tensorflow_serving.apis import (
    get_model_status_pb2,
    model_management_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from serving.server.errors import RequestError
from serving.server.grpc_api.tensors import read_tensors
from serving.server.models.signatures import TensorSpec

# Half a minute of waiting for clocks, which a busy machine upsets.
pytestmark = pytest.mark.slow

SECONDS = 60
PREDICTION = "/tensorflow.serving.PredictionService"
ONE = np.array([[1.0, 2.0]], np.float32)


def connect(server: Any) -> grpc.Channel:
    """Opens a connection that no other channel shares."""
    options = [("grpc.use_local_subchannel_pool", 1)]
    return grpc.insecure_channel(f"127.0.0.1:{server.summary['grpc_port']}", options)


def request(model: str, signature: str = "", **inputs: Any) -> Any:
    """Returns a prediction's message."""
    message = predict_pb2.PredictRequest(model_spec={"name": model, "signature_name": signature})
    for name, value in inputs.items():
        message.inputs[name].CopyFrom(value if hasattr(value, "tensor_shape") else tf.make_tensor_proto(value))
    return message


def predict(channel: grpc.Channel, message: Any) -> Any:
    """Sends a prediction."""
    return prediction_service_pb2_grpc.PredictionServiceStub(channel).Predict(message, timeout=SECONDS)


def refusal(call: Callable[[], Any]) -> tuple[str, str]:
    """Returns the code and the text that a call ends with."""
    with pytest.raises(grpc.RpcError) as error:
        call()
    return error.value.code().name, error.value.details()


def is_healthy(channel: grpc.Channel) -> bool:
    """Tells whether the server says that it serves."""
    answer = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=SECONDS)
    return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


@pytest.fixture(scope="module")
def served(start_module: Callable[..., Any]) -> Any:
    """A server whose limits tests can reach quickly."""
    limits = {"deadline_seconds": 2.0, "max_queued_requests": 4, "max_bodies_bytes": 40_000_000}
    return start_module({"grpc_port": 0, "monitoring": True}, **limits)


@pytest.fixture
def channel(served: Any) -> Iterator[grpc.Channel]:
    """A connection; the server is alive afterwards."""
    with connect(served) as opened:
        yield opened
        end = time.monotonic() + 10
        while (answer := served.predict("scaler", {"instances": ONE.tolist()})).status == 503:
            assert time.monotonic() < end, "places are still taken"
            time.sleep(0.05)
        assert answer.json == {"predictions": [[3.0, 6.0]]}
        assert predict(opened, request("scaler", x=ONE)).outputs["y"].float_val[:] == [3.0, 6.0]


def begin(channel: grpc.Channel, method: str, is_over: threading.Event) -> Any:
    """Begins a call whose message does not come before the event."""

    def messages() -> Iterator[bytes]:
        is_over.wait()
        yield b""

    return channel.stream_unary(method, request_serializer=bytes).future(messages(), timeout=SECONDS)


@pytest.mark.parametrize(
    "method", [f"{PREDICTION}/Predict", f"{PREDICTION}/GetModelMetadata", "/grpc.health.v1.Health/List"]
)
def test_calls_without_a_message_end_at_the_deadline_and_lock_nobody_out(
    served: Any, channel: grpc.Channel, method: str
) -> None:
    is_over = threading.Event()
    with connect(served) as other:
        calls = [begin(other, method, is_over) for _ in range(50)]
        codes = [call.exception(timeout=SECONDS).code().name for call in calls]
        is_over.set()
    assert sorted(set(codes)) == ["DEADLINE_EXCEEDED", "UNAVAILABLE"]
    assert codes.count("DEADLINE_EXCEEDED") == 4
    assert is_healthy(channel)


def test_health_is_answered_while_all_places_are_taken(served: Any, channel: grpc.Channel) -> None:
    is_over = threading.Event()
    with connect(served) as other:
        calls = [begin(other, f"{PREDICTION}/Predict", is_over) for _ in range(4)]
        time.sleep(0.5)
        code, text = refusal(lambda: predict(channel, request("scaler", x=ONE)))
        assert (code, text) == ("UNAVAILABLE", "The queue is full: 4 requests are waiting or running")
        assert is_healthy(channel)
        status = get_model_status_pb2.GetModelStatusRequest(model_spec={"name": "scaler"})
        assert model_service_pb2_grpc.ModelServiceStub(channel).GetModelStatus(status, timeout=SECONDS)
        is_over.set()
        assert {call.exception(timeout=SECONDS).code().name for call in calls} == {"INVALID_ARGUMENT"}


def test_a_call_that_ends_without_a_message_is_refused(channel: grpc.Channel) -> None:
    call = channel.stream_unary(f"{PREDICTION}/Predict", request_serializer=bytes)
    assert refusal(lambda: call(iter(()), timeout=SECONDS)) == ("INVALID_ARGUMENT", "The call has no message")


def test_those_who_watch_are_so_many_and_no_more(served: Any, channel: grpc.Channel) -> None:
    with connect(served) as other:
        watch = health_pb2_grpc.HealthStub(other).Watch
        watching = [watch(health_pb2.HealthCheckRequest(service="none"), timeout=SECONDS) for _ in range(4)]
        assert {next(answers).status for answers in watching} == {health_pb2.HealthCheckResponse.SERVICE_UNKNOWN}
        assert refusal(lambda: next(watch(health_pb2.HealthCheckRequest(), timeout=SECONDS)))[0] == "UNAVAILABLE"
        assert is_healthy(channel)


def test_a_message_that_grows_when_inflated_is_refused(channel: grpc.Channel) -> None:
    stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
    bomb = request("scaler", "any_length", x=np.zeros(20_000_000, np.float32))
    answer = refusal(lambda: stub.Predict(bomb, timeout=SECONDS, compression=grpc.Compression.Gzip))
    assert answer == ("RESOURCE_EXHAUSTED", "Decompressed message larger than max")


def test_messages_that_are_too_large_together_are_refused(channel: grpc.Channel) -> None:
    rounds = np.zeros(4_000_000, np.int64)
    rounds[0] = 10**9
    under_way = prediction_service_pb2_grpc.PredictionServiceStub(channel).Predict.future(
        request("scaler", "spin", rounds=rounds), timeout=SECONDS
    )
    time.sleep(0.5)
    second = request("scaler", "any_length", x=np.zeros(3_000_000, np.float32))
    answer = refusal(lambda: predict(channel, second))
    assert answer == ("UNAVAILABLE", "The bodies of all requests together are larger than 40000000 bytes")
    assert predict(channel, request("scaler", x=ONE)).outputs
    assert under_way.exception(timeout=SECONDS).code().name == "DEADLINE_EXCEEDED"


def test_far_too_many_names_are_refused_in_few_words(channel: grpc.Channel) -> None:
    proto = tf.make_tensor_proto(0)
    code, text = refusal(lambda: predict(channel, request("echoes", **{f"n{i}": proto for i in range(50_000)})))
    assert (code, text[:45]) == ("INVALID_ARGUMENT", "input size does not match signature: 50000!=1")
    assert len(text) <= 1000


@pytest.mark.parametrize(("dtype", "field", "value"), [("STRING", "string_val", b""), ("INT64", "int64_val", 1)])
def test_far_too_many_values_are_refused_before_any_is_looked_at(dtype: str, field: str, value: Any) -> None:
    proto = tf.make_tensor_proto(np.array(value) if field == "int64_val" else value)
    getattr(proto, field).extend([value] * 5_000_000)
    start = time.process_time()
    with pytest.raises(RequestError, match="tensor parsing error: x"):
        read_tensors({"x": proto}, {"x": TensorSpec(f"DT_{dtype}", None, "x:0")}, 10**9)
    assert time.process_time() - start < 0.1


def test_labels_lead_to_their_versions_and_calls_are_counted(models: Path, start: Callable[..., Any]) -> None:
    server = start({"grpc_port": 0, "monitoring": True})
    with connect(server) as channel:
        change = model_management_pb2.ReloadConfigRequest()
        entry = change.config.model_config_list.config.add()
        entry.name, entry.base_path, entry.model_platform = "scaler", str(models / "scaler"), "tensorflow"
        entry.model_version_policy.all.SetInParent()
        reload = model_service_pb2_grpc.ModelServiceStub(channel).HandleReloadConfigRequest
        reload(change, timeout=SECONDS)
        entry.version_labels["stable"] = 1
        reload(change, timeout=SECONDS)
        labelled = request("scaler", x=ONE)
        labelled.model_spec.version_label = "stable"
        answer = predict(channel, labelled)
        assert (answer.model_spec.version.value, list(answer.outputs["y"].float_val)) == (1, [2.0, 4.0])
        labelled.model_spec.version_label = "nightly"
        expected = "Unrecognized servable version label: nightly"
        assert refusal(lambda: predict(channel, labelled)) == ("INVALID_ARGUMENT", expected)
        refusal(lambda: predict(channel, request("nobody")))
    lines = server.ask("GET", "/monitoring/prometheus/metrics").body.decode().splitlines()
    for line in (
        ':tensorflow:serving:request_count{model_name="scaler",status="OK"} 1',
        ':tensorflow:serving:request_count{model_name="scaler",status="INVALID_ARGUMENT"} 1',
        ':tensorflow:serving:request_count{model_name="",status="NOT_FOUND"} 1',
        ':tensorflow:serving:request_latency_count{model_name="scaler",API="Predict",entrypoint="GRPC"} 1',
        ':tensorflow:serving:runtime_latency_count{model_name="scaler",API="Predict",runtime="TF1"} 1',
    ):
        assert line in lines
