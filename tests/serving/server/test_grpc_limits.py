"""The gRPC API at its limits: hostile tensors, full queues, deadlines, and what ends with the server."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
import tensorflow as tf
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tensorflow_serving.apis import (
    get_model_status_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from serving.server import ServerError, Settings, serve

SECONDS = 60
Code = grpc.StatusCode


@dataclass(frozen=True)
class Client:
    """A connection to a server under test."""

    server: Any
    channel: Any

    @property
    def predictions(self) -> Any:
        return prediction_service_pb2_grpc.PredictionServiceStub(self.channel)

    @property
    def health(self) -> Any:
        return health_pb2_grpc.HealthStub(self.channel)

    def predict(self, model: str, signature: str = "", timeout: float = SECONDS, **inputs: Any) -> Any:
        """Sends arrays, and whatever else is a TensorProto already."""
        return self.predictions.Predict(predict_request(model, signature, **inputs), timeout=timeout)

    def arrays(self, model: str, signature: str = "", **inputs: Any) -> dict[str, Any]:
        """Returns the outputs as arrays."""
        outputs = self.predict(model, signature, **inputs).outputs
        return {name: tf.make_ndarray(proto) for name, proto in outputs.items()}


def predict_request(model: str, signature: str = "", **inputs: Any) -> Any:
    """Returns a request for a prediction."""
    request = predict_pb2.PredictRequest()
    request.model_spec.name = model
    request.model_spec.signature_name = signature
    for name, value in inputs.items():
        proto = value if hasattr(value, "tensor_shape") else tf.make_tensor_proto(value)
        request.inputs[name].CopyFrom(proto)
    return request


def tensor(dtype: int, shape: list[int], **fields: Any) -> Any:
    """Returns a TensorProto as a client may make it by hand."""
    proto = tf.make_tensor_proto(0.0)
    proto.Clear()
    proto.dtype = dtype
    for size in shape:
        proto.tensor_shape.dim.add(size=size)
    for field, values in fields.items():
        if field == "tensor_content":
            proto.tensor_content = values
        else:
            getattr(proto, field).extend(values)
    return proto


def connect(server: Any) -> Any:
    return grpc.insecure_channel(f"127.0.0.1:{server.summary['grpc_port']}")


@pytest.fixture(scope="module")
def client(start_module: Any) -> Iterator[Client]:
    """A server with the default limits, and a connection to it."""
    server = start_module({"grpc_port": 0})
    with connect(server) as channel:
        yield Client(server, channel)
    assert server.is_alive()


def refused(call: Callable[[], Any]) -> tuple[Any, str]:
    """Returns the code and the text of the error that a call ends with."""
    with pytest.raises(grpc.RpcError) as error:
        call()
    return error.value.code(), error.value.details()


def test_values_stand_in_the_fields_that_clients_of_the_real_server_read(client: Client) -> None:
    assert list(client.predict("scaler", x=[[1.5, -2.0]]).outputs["y"].float_val) == [4.5, -6.0]


def test_missing_values_are_as_the_last_one_as_in_tensorflow(client: Client) -> None:
    last = tensor(1, [4], float_val=[1.0, 2.0])
    assert client.arrays("echoes", "echo_float32", x=last)["y"].tolist() == [1, 2, 2, 2]
    assert client.arrays("echoes", "echo_string", x=tensor(7, [3], string_val=[b"a"]))["y"].tolist() == [b"a"] * 3
    assert client.arrays("echoes", "echo_int64", x=tensor(9, [2]))["y"].tolist() == [0, 0]


@pytest.mark.parametrize(
    "proto",
    [
        tensor(1, [2**40]),
        tensor(1, [2**62, 2**62, 2**62], float_val=[1.0]),
        tensor(1, [30_000_000], float_val=[1.0]),
        tensor(1, [-1]),
        tensor(1, [-1, -1], float_val=[1.0]),
        tensor(1, [1] * 100_000, float_val=[1.0]),
        tensor(1, [1] * 200, float_val=[1.0]),
        tensor(1, [2], float_val=[1.0, 2.0, 3.0]),
        tensor(1, [2], tensor_content=b"\0" * 7),
        tensor(1, [2], tensor_content=b"\0" * 12),
        tensor(0, [1]),
        tensor(999, [1]),
        tensor(20, [1]),
        tensor(21, [1]),
        tensor(7, [2**20], string_val=[b"x" * 1000]),
        tensor(3, [2], tensor_content=b"\0" * 8),
    ],
    ids=lambda proto: f"{proto.dtype}-{len(proto.tensor_shape.dim)}-{proto.ByteSize()}",
)
def test_a_hostile_tensor_is_refused_before_it_takes_memory(client: Client, proto: Any) -> None:
    before = client.server.memory("VmHWM")
    used = client.server.processor_seconds()
    code, details = refused(lambda: client.predict("echoes", "echo_float32", x=proto))
    assert (code, bool(details)) == (Code.INVALID_ARGUMENT, True)
    assert client.server.processor_seconds() - used < 2
    assert client.server.memory("VmHWM") - before < 50e6


def test_tensors_that_are_too_large_only_together_are_refused(client: Client) -> None:
    inputs = {"text": tensor(7, [1], string_val=[b""]), "flag": tensor(10, [1]), "pixels": tensor(4, [25_000_000, 3])}
    code, details = refused(lambda: client.predict("mixed", **inputs, big=tensor(9, [10_000_000])))
    assert (code, "take more than 104857600 bytes" in details) == (Code.INVALID_ARGUMENT, True)


def test_a_byte_that_is_no_bool_is_true(client: Client) -> None:
    answer = client.arrays("echoes", "echo_bool", x=tensor(10, [3], tensor_content=b"\0\2\xff"))
    assert answer["y"].tolist() == [False, True, True]


def test_a_message_over_the_limit_is_refused(start: Any) -> None:
    server = start({"grpc_port": 0}, max_body_bytes=100_000)
    with connect(server) as channel:
        client = Client(server, channel)
        assert client.predict("echoes", x=np.array([b"x" * 90_000], object)).outputs
        code, details = refused(lambda: client.predict("echoes", x=np.array([b"x" * 100_001], object)))
        assert (code, "larger than max" in details) == (Code.RESOURCE_EXHAUSTED, True)


def test_a_long_error_in_another_script_still_arrives(client: Client) -> None:
    code, details = refused(lambda: client.predict("名" * 5000))
    assert (code, details[:30]) == (Code.NOT_FOUND, "Servable not found for request")


@pytest.mark.slow
def test_the_clients_deadline_ends_a_request_and_its_place_is_free_again(start: Any) -> None:
    server = start({"grpc_port": 0}, request_threads=1, max_queued_requests=2, deadline_seconds=20)
    with connect(server) as channel:
        client = Client(server, channel)
        for _ in range(3):
            code, _ = refused(lambda: client.predict("scaler", "spin", timeout=0.5, rounds=np.array([10**6])))
            assert code == Code.DEADLINE_EXCEEDED
            wait_until(lambda: client.arrays("scaler", x=[[1.0, 2.0]])["y"].tolist() == [[3.0, 6.0]])


def wait_until(answers: Callable[[], bool]) -> None:
    """Waits until a call is let in and is answered rightly."""
    end = time.monotonic() + 15
    while True:
        try:
            assert answers()
            return
        except grpc.RpcError as error:
            assert error.code() == Code.UNAVAILABLE, error
            assert time.monotonic() < end
            time.sleep(0.05)


@pytest.mark.slow
def test_a_full_queue_and_the_servers_deadline_leave_health_and_status_answered(start: Any) -> None:
    server = start({"grpc_port": 0}, request_threads=1, max_queued_requests=2, deadline_seconds=3)
    with connect(server) as channel:
        client = Client(server, channel)
        request = predict_request("scaler", "spin", rounds=np.array([10**6]))
        waiting = [client.predictions.Predict.future(request, timeout=SECONDS) for _ in range(2)]
        time.sleep(1)
        code, details = refused(lambda: client.predict("scaler", x=[[1.0, 2.0]]))
        assert (code, details) == (Code.UNAVAILABLE, "The queue is full: 2 requests are waiting or running")
        assert client.health.Check(health_pb2.HealthCheckRequest(), timeout=1).status
        status = get_model_status_pb2.GetModelStatusRequest()
        status.model_spec.name = "scaler"
        assert model_service_pb2_grpc.ModelServiceStub(channel).GetModelStatus(status, timeout=1).model_version_status
        assert {call.code() for call in waiting} == {Code.DEADLINE_EXCEEDED}


@pytest.mark.slow
def test_a_stop_lets_a_request_finish_and_tells_the_watchers(start: Any) -> None:
    server = start({"grpc_port": 0})
    with connect(server) as channel:
        client = Client(server, channel)
        watched: list[int] = []
        watch = client.health.Watch(health_pb2.HealthCheckRequest(), timeout=SECONDS)
        watching = threading.Thread(target=lambda: watched.extend(answer.status for answer in watch))
        watching.start()
        rounds = rounds_that_take_a_second(client)
        under_way = client.predictions.Predict.future(predict_request("scaler", "spin", rounds=np.array([rounds])))
        time.sleep(0.3)
        assert not under_way.done(), "the request has ended before the signal was sent"
        server.process.terminate()
        assert tf.make_ndarray(under_way.result(timeout=SECONDS).outputs["trace"])[0] == pytest.approx(200, rel=0.1)
        start_of_end = time.monotonic()
        output, _ = server.process.communicate(timeout=30)
        watching.join(SECONDS)
        assert (server.process.returncode, output) == (0, "answered\nstopped\n")
        assert time.monotonic() - start_of_end < 20
        assert watched == [health_pb2.HealthCheckResponse.SERVING, health_pb2.HealthCheckResponse.NOT_SERVING]
        assert refused(lambda: client.predict("scaler", x=[[1.0, 2.0]]))[0] == Code.UNAVAILABLE


def rounds_that_take_a_second(client: Client) -> int:
    """Returns how many rounds take a second and a half on this machine, at least, when nothing else slows it down."""
    client.predict("scaler", "spin", rounds=np.array([1]))
    seconds = []
    for _ in range(5):
        start = time.monotonic()
        client.predict("scaler", "spin", rounds=np.array([200]))
        seconds.append(time.monotonic() - start)
    return int(200 * 1.5 / min(seconds))


def test_a_port_is_given_back_where_no_model_loads(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    for _ in range(2):
        with pytest.raises(ServerError, match="is not there"):
            serve(Settings(tmp_path / "nowhere", port=0, grpc_port=port))
