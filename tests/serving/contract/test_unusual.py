"""What both servers answer over REST and gRPC about models that agents are not like."""

from typing import Any

import grpc
import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

SECONDS = 60


def predict(unusual: Any, model: str, signature: str = "", **inputs: Any) -> Any:
    """Sends a prediction over gRPC; returns the message."""
    request = predict_pb2.PredictRequest()
    request.model_spec.name, request.model_spec.signature_name = model, signature
    for name, value in inputs.items():
        request.inputs[name].CopyFrom(tf.make_tensor_proto(value))
    with grpc.insecure_channel(unusual.grpc) as channel:
        return prediction_service_pb2_grpc.PredictionServiceStub(channel).Predict(request, timeout=SECONDS)


def arrays(response: Any) -> dict[str, Any]:
    """Returns the outputs as lists."""
    return {name: tf.make_ndarray(proto).tolist() for name, proto in response.outputs.items()}


def refusal(unusual: Any, model: str, **inputs: Any) -> tuple[str, str]:
    """Returns the code and the text of a prediction that must fail."""
    with pytest.raises(grpc.RpcError) as error:
        predict(unusual, model, **inputs)
    return error.value.code().name, error.value.details()


def test_a_signature_without_inputs_is_answered_over_grpc_and_refused_over_rest(unusual):
    assert arrays(predict(unusual, "unusual", "version")) == {"number": [7], "name": b"unusual"}
    for body in ({"inputs": {}}, {"instances": [{}]}, {}):
        answer = unusual.rest.predict({"signature_name": "version", **body}, model="unusual")
        assert (answer.status, answer.error) == (400, "Failed to get input map for signature: version")


def test_an_input_with_a_default_may_be_left_out_over_grpc(unusual):
    x = np.float32([1, 2])
    assert arrays(predict(unusual, "unusual", x=x)) == {"y": [2, 4]}
    assert arrays(predict(unusual, "unusual", x=x, factor=np.float32(3))) == {"y": [3, 6]}


def test_an_input_with_a_default_must_be_there_over_rest(unusual):
    whole = unusual.rest.predict({"inputs": {"x": [1, 2], "factor": 3}}, model="unusual")
    assert whole.json == {"outputs": [3.0, 6.0]}
    columns = unusual.rest.predict({"inputs": {"x": [1, 2]}}, model="unusual")
    assert (columns.status, columns.error) == (400, "Missing named input: factor in 'inputs' object.")
    rows = unusual.rest.predict({"instances": [{"x": 1}]}, model="unusual")
    assert rows.status == 400 and "keys must be equal to: factor,x" in rows.error


def test_inputs_that_are_not_the_signatures_are_refused_in_the_same_words(unusual):
    one = np.float32(1)
    assert refusal(unusual, "unusual", factor=one) == (
        "INVALID_ARGUMENT",
        "Signature input alias: x(feed name: serving_default_x:0) not found in request and no default value provided."
        " Inputs expected to be in the request {factor}, or default input alias set: factor",
    )
    assert refusal(unusual, "unusual", x=[one], other=one) == (
        "INVALID_ARGUMENT",
        "Inputs contains invalid name. Used request inputs: x, request input: other,x",
    )
    code, text = refusal(unusual, "unusual", x=[one], factor=one, other=one)
    assert code == "INVALID_ARGUMENT" and text.startswith("input size does not match signature: 3!=2 len({factor,other")


def test_variables_that_are_outputs_are_answered_as_what_they_hold(unusual):
    expected = {"weights": [0.5, 1.5], "counts": [3, 4], "y": [2.0, 4.0]}
    response = predict(unusual, "reference", x=np.float32([1, 2]))
    assert arrays(response) == expected
    assert {name: proto.dtype for name, proto in response.outputs.items()} == {"weights": 1, "counts": 3, "y": 1}
    assert unusual.rest.predict({"inputs": [1, 2]}, model="reference").json == {"outputs": expected}
    rows = unusual.rest.predict({"instances": [1, 2]}, model="reference").json
    assert rows == {"predictions": [{name: values[row] for name, values in expected.items()} for row in (0, 1)]}


def test_the_metadata_says_that_they_are_references(unusual):
    metadata = unusual.rest.ask("GET", "/v1/models/reference/metadata").json["metadata"]["signature_def"]
    outputs = metadata["signature_def"]["serving_default"]["outputs"]
    assert {name: info["dtype"] for name, info in outputs.items()} == {
        "weights": "DT_FLOAT_REF",
        "counts": "DT_INT32_REF",
        "y": "DT_FLOAT",
    }
