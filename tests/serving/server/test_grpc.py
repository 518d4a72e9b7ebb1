"""gRPC: TensorFlow Serving's own stubs get the answers that REST gives, its errors, health, and a clean stop."""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
import tensorflow as tf
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_management_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
    regression_pb2,
)

SECONDS = 60
DTYPES = {
    "half": [0.5, -2.0],
    "float32": [1.5, -2.0],
    "float64": [1e300, 0.1],
    "int8": [-128, 127],
    "int16": [-5, 6],
    "int32": [2**31 - 1, 0],
    "int64": [-(2**63), 2**63 - 1],
    "uint8": [0, 255],
    "uint32": [2**32 - 1, 1],
    "uint64": [2**64 - 1, 1],
    "bool": [True, False],
    "string": [b"text", "ü".encode()],
}


class Client:
    """TensorFlow Serving's stubs over one channel."""

    def __init__(self, port: int) -> None:
        self.channel = grpc.insecure_channel(f"127.0.0.1:{port}")
        self.predictions = prediction_service_pb2_grpc.PredictionServiceStub(self.channel)
        self.models = model_service_pb2_grpc.ModelServiceStub(self.channel)
        self.health = health_pb2_grpc.HealthStub(self.channel)

    def predict(self, model: str, signature: str = "", version: int | None = None, **inputs: Any) -> Any:
        """Sends a prediction."""
        return self.predictions.Predict(request(model, signature, version, **inputs), timeout=SECONDS)


def request(model: str, signature: str = "", version: int | None = None, **inputs: Any) -> Any:
    """Returns a prediction's message."""
    message = predict_pb2.PredictRequest()
    message.model_spec.name, message.model_spec.signature_name = model, signature
    if version is not None:
        message.model_spec.version.value = version
    for name, value in inputs.items():
        message.inputs[name].CopyFrom(value if hasattr(value, "tensor_shape") else proto(value))
    return message


def proto(value: Any) -> Any:
    """Returns a value as TensorProto."""
    return tf.make_tensor_proto(value)


def refusal(call: Callable[[], Any]) -> tuple[str, str]:
    """Returns the code and the text of a call that must fail."""
    with pytest.raises(grpc.RpcError) as error:
        call()
    return error.value.code().name, error.value.details()


@pytest.fixture(scope="module")
def served(start_module: Callable[..., Any]) -> Any:
    """A server of both protocols."""
    return start_module({"grpc_port": 0})


@pytest.fixture(scope="module")
def client(served: Any) -> Iterator[Client]:
    """Its client."""
    found = Client(served.summary["grpc_port"])
    yield found
    found.channel.close()


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_tensor_of_every_dtype_comes_back_as_it_was(client: Client, dtype: str) -> None:
    sent = np.array(DTYPES[dtype], dtype=object if dtype == "string" else dtype)
    response = client.predict("echoes", f"echo_{dtype}", x=sent)
    received = tf.make_ndarray(response.outputs["y"])
    assert received.tolist() == sent.tolist()
    spec = response.model_spec
    assert (spec.name, spec.version.value, spec.signature_name) == ("echoes", 1, f"echo_{dtype}")


def test_rest_and_grpc_answer_the_same(served: Any, client: Client) -> None:
    response = client.predict("mixed", text=[b"hey"], big=np.int64([9]), flag=[True], pixels=np.uint8([[0, 1, 255]]))
    rest = served.predict("mixed", {"inputs": {"text": ["hey"], "big": [9], "flag": [True], "pixels": [[0, 1, 255]]}})
    found = {name: tf.make_ndarray(tensor).tolist() for name, tensor in response.outputs.items()}
    assert (found["big"], found["flag"], found["pixels"]) == tuple(
        rest.json["outputs"][name] for name in ("big", "flag", "pixels")
    )
    assert found["shout"] == [b"HEY"] and found["raw_bytes"] == [b"hey\xff"]


def test_versions_and_output_filters(client: Client) -> None:
    for version, factor in ((None, 3.0), (1, 2.0), (2, 3.0)):
        response = client.predict("scaler", version=version, x=np.float32([[1, 2]]))
        assert tf.make_ndarray(response.outputs["y"]).tolist() == [[factor, 2 * factor]]
    message = request("mixed", text=[b"a"], big=np.int64([1]), flag=[True], pixels=np.uint8([[1, 2, 3]]))
    message.output_filter.append("big")
    assert list(client.predictions.Predict(message, timeout=SECONDS).outputs) == ["big"]
    message.output_filter.append("nothing")
    code, text = refusal(lambda: client.predictions.Predict(message, timeout=SECONDS))
    assert (code, text.split(" Outputs")[0]) == (
        "INVALID_ARGUMENT",
        "output tensor alias not found in signature: nothing",
    )


@pytest.mark.parametrize("x", [np.float32([1, 2, 5]), np.float32([[1, 2, 3]]), np.float32(4)])
def test_shapes_are_the_graphs_business(client: Client, x: np.ndarray) -> None:
    found = tf.make_ndarray(client.predict("scaler", "", x=x).outputs["y"])
    np.testing.assert_array_equal(found, 3 * x)


@pytest.mark.parametrize(
    ("model", "signature", "inputs", "code", "text"),
    [
        ("nobody", "", {"x": np.float32([[1, 2]])}, "NOT_FOUND", "Servable not found for request: Latest(nobody)"),
        ("scaler", "none", {"x": np.float32([[1, 2]])}, "FAILED_PRECONDITION", 'Serving signature key "none" not'),
        ("scaler", "", {}, "INVALID_ARGUMENT", "input size does not match signature: 0!=1"),
        ("scaler", "", {"z": np.float32([[1, 2]])}, "INVALID_ARGUMENT", "Signature input alias: x(feed name:"),
        ("scaler", "", {"x": np.int64([[1, 2]])}, "INVALID_ARGUMENT", "Expects arg[0] to be float but int64"),
        ("echoes", "decode", {"image_bytes": [b"no image"]}, "INVALID_ARGUMENT", "image"),
    ],
)
def test_what_cannot_be_answered_is_refused(
    client: Client, model: str, signature: str, inputs: dict[str, Any], code: str, text: str
) -> None:
    found_code, found_text = refusal(lambda: client.predict(model, signature, **inputs))
    assert found_code == code
    assert text in found_text and "\n" not in found_text


@pytest.mark.parametrize(
    "damage",
    [
        lambda tensor: tensor.tensor_shape.dim.add(size=2**40),
        lambda tensor: tensor.tensor_shape.dim.add(size=-1),
        lambda tensor: (tensor.ClearField("tensor_content"), tensor.float_val.extend([1.0] * 1000)),
        lambda tensor: setattr(tensor, "tensor_content", b"123"),
        lambda tensor: setattr(tensor, "dtype", 99),
        lambda tensor: tensor.tensor_shape.dim.extend([tensor.tensor_shape.dim[0]] * 5000),
    ],
)
def test_a_hostile_tensor_is_refused_and_costs_nothing(
    served: Any, client: Client, damage: Callable[[Any], Any]
) -> None:
    tensor = tf.make_tensor_proto(np.float32([1, 2]))
    damage(tensor)
    code, _ = refusal(lambda: client.predict("echoes", "echo_float32", x=tensor))
    assert code == "INVALID_ARGUMENT"
    assert served.is_alive()


def example(**features: Any) -> tf.train.Example:
    """Returns an example with float features."""
    lists = {name: tf.train.Feature(float_list=tf.train.FloatList(value=value)) for name, value in features.items()}
    return tf.train.Example(features=tf.train.Features(feature=lists))


def test_examples_are_classified_and_regressed(served: Any, client: Client) -> None:
    classification = classification_pb2.ClassificationRequest()
    classification.model_spec.name = "examples"
    classification.input.example_list.examples.append(example(x=[0.25, 0.5]))
    classes = client.predictions.Classify(classification, timeout=SECONDS).result.classifications[0].classes
    rest = served.ask("POST", "/v1/models/examples:classify", {"examples": [{"x": [0.25, 0.5]}]})
    assert [[entry.label, entry.score] for entry in classes] == rest.json["results"][0]
    regression = regression_pb2.RegressionRequest()
    regression.model_spec.name, regression.model_spec.signature_name = "examples", "regress"
    regression.input.example_list_with_context.context.CopyFrom(example(x=[1.0, 2.0]))
    regression.input.example_list_with_context.examples.extend([example(), example(x=[3.0, 4.0])])
    found = client.predictions.Regress(regression, timeout=SECONDS).result.regressions
    assert [entry.value for entry in found] == [3.0, 7.0]
    regression.model_spec.signature_name = ""
    code, text = refusal(lambda: client.predictions.Regress(regression, timeout=SECONDS))
    assert (code, text) == ("INVALID_ARGUMENT", "Expected one output Tensor.")


def test_metadata_and_status_are_those_of_rest(served: Any, client: Client) -> None:
    metadata = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
    metadata.model_spec.name = "scaler"
    answer = client.predictions.GetModelMetadata(metadata, timeout=SECONDS)
    signatures = get_model_metadata_pb2.SignatureDefMap()
    answer.metadata["signature_def"].Unpack(signatures)
    rest = served.ask("GET", "/v1/models/scaler/metadata").json["metadata"]["signature_def"]["signature_def"]
    assert set(signatures.signature_def) == set(rest)
    assert answer.model_spec.version.value == 2
    metadata.metadata_field.append("weights")
    answer = refusal(lambda: client.predictions.GetModelMetadata(metadata, timeout=SECONDS))
    assert answer == ("INVALID_ARGUMENT", "Metadata field %s is not supportedweights")
    status = get_model_status_pb2.GetModelStatusRequest()
    status.model_spec.name = "scaler"
    found = client.models.GetModelStatus(status, timeout=SECONDS).model_version_status
    rest_status = served.ask("GET", "/v1/models/scaler").json["model_version_status"]
    names = get_model_status_pb2.ModelVersionStatus.State.Name
    assert [(str(entry.version), names(entry.state)) for entry in found] == [
        (entry["version"], entry["state"]) for entry in rest_status
    ]
    status.model_spec.name = "nobody"
    assert refusal(lambda: client.models.GetModelStatus(status, timeout=SECONDS)) == (
        "NOT_FOUND",
        "Could not find any versions of model nobody",
    )


def test_another_list_of_models_is_served(models: Path, start: Callable[..., Any]) -> None:
    server = start({"grpc_port": 0, "poll_seconds": 0.1})
    client = Client(server.summary["grpc_port"])
    change = model_management_pb2.ReloadConfigRequest()
    entry = change.config.model_config_list.config.add()
    entry.name, entry.base_path, entry.model_platform = "renamed", str(models / "mixed"), "tensorflow"
    answer = client.models.HandleReloadConfigRequest(change, timeout=SECONDS)
    assert answer.status.error_code == 0
    assert server.ask("GET", "/v1/models/renamed/metadata").status == 200
    assert server.predict("scaler", {"instances": [[1.0, 2.0]]}).status == 404
    entry.base_path = "relative"
    code, text = refusal(lambda: client.models.HandleReloadConfigRequest(change, timeout=SECONDS))
    assert (code, "absolute path" in text) == ("INVALID_ARGUMENT", True)
    assert server.ask("GET", "/v1/models/renamed/metadata").status == 200
    client.channel.close()


def test_a_message_that_is_none_and_a_method_that_is_none(client: Client) -> None:
    for method, code in (("Predict", "INVALID_ARGUMENT"), ("MultiInference", "UNIMPLEMENTED"), ("No", "UNIMPLEMENTED")):
        call = client.channel.unary_unary(f"/tensorflow.serving.PredictionService/{method}")
        assert refusal(lambda call=call: call(b"\xff\xff\xff", timeout=SECONDS))[0] == code
    answer = refusal(lambda: client.predictions.Predict(predict_pb2.PredictRequest(), timeout=SECONDS))
    assert answer == ("INVALID_ARGUMENT", "Missing ModelSpec")


def test_health_is_told_to_who_asks(client: Client) -> None:
    for service in ("", "tensorflow.serving.PredictionService", "tensorflow.serving.ModelService"):
        answer = client.health.Check(health_pb2.HealthCheckRequest(service=service), timeout=SECONDS)
        assert answer.status == health_pb2.HealthCheckResponse.SERVING
    code, _ = refusal(lambda: client.health.Check(health_pb2.HealthCheckRequest(service="none"), timeout=SECONDS))
    assert code == "NOT_FOUND"


def test_16_clients_get_their_own_answers(served: Any) -> None:
    def ask(index: int) -> bool:
        client = Client(served.summary["grpc_port"])
        answers = [client.predict("scaler", x=np.float32([[index, i]])).outputs["y"] for i in range(10)]
        client.channel.close()
        return [tf.make_ndarray(y).tolist() for y in answers] == [[[3.0 * index, 3.0 * i]] for i in range(10)]

    with ThreadPoolExecutor(16) as pool:
        assert all(pool.map(ask, range(16)))


def test_a_stop_lets_calls_under_way_finish(start: Callable[..., Any]) -> None:
    server = start({"grpc_port": 0})
    client = Client(server.summary["grpc_port"])
    client.predict("scaler", "spin", rounds=np.int64([1]))
    found: list[Any] = []
    asking = threading.Thread(
        target=lambda: found.append(client.predict("scaler", "spin", rounds=np.int64([3000])).outputs["trace"])
    )
    asking.start()
    time.sleep(0.2)
    assert not found, "the call has ended before the signal was sent"
    server.process.send_signal(signal.SIGTERM)
    output, _ = server.process.communicate(timeout=SECONDS)
    asking.join()
    assert tf.make_ndarray(found[0])[0] == pytest.approx(200.0, rel=0.1)
    assert (server.process.returncode, output) == (0, "answered\nstopped\n")
    code, _ = refusal(lambda: client.predict("scaler", x=np.float32([[1, 2]])))
    assert code == "UNAVAILABLE"
    client.channel.close()


def test_a_port_in_use_is_one_line(served: Any, start: Callable[..., Any]) -> None:
    port = served.summary["grpc_port"]
    with pytest.raises(AssertionError, match=rf"ServerError: Expected a free port .*{port}, but it cannot be had"):
        start({"grpc_port": port})
