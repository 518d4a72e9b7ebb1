"""PredictionService: one request from message to answer, in TensorFlow Serving's order of checks."""

from itertools import islice
from typing import Any

import tensorflow as tf
from google.protobuf import json_format
from tensorflow_serving.apis import classification_pb2, get_model_metadata_pb2, predict_pb2, regression_pb2

from serving.server.backend import Backend
from serving.server.descriptions import describe_signatures
from serving.server.errors import RequestError, invalid_argument
from serving.server.grpc_api.model_specs import lease, read_model_spec, write_model_spec
from serving.server.grpc_api.tensors import read_tensors, write_tensor
from serving.server.inference import classify, regress
from serving.server.models.examples import serialized_examples
from serving.server.models.loading import LoadedVersion
from serving.server.models.runs import Run
from serving.server.models.signatures import DEFAULT_SIGNATURE, Array, Signature, find_signature

_METADATA_FIELD = "signature_def"
_MAX_NAMES = 100


class PredictionService:
    """Answers predictions, classifications, regressions, and what a model can be asked."""

    def __init__(self, backend: Backend) -> None:
        """Takes what all requests share."""
        self._backend = backend

    def predict(self, request: Any, deadline: float) -> Any:
        """Returns the answer to a prediction.

        Raises:
            RequestError: In this order: unknown model or version, unknown signature, tensors that are not its inputs,
                outputs that it does not have, an error of the graph itself.
        """
        response = predict_pb2.PredictResponse()
        with lease(self._backend.repository, request) as version:
            signature = _predict_signature(version, request.model_spec.signature_name)
            inputs = _read_inputs(request, signature, self._backend.limits.max_inflated_bytes)
            names = _output_names(request, signature)
            outputs = self._backend.run(Run(version, signature, inputs, deadline), "Predict")
            write_model_spec(response, request, version)
        for name in names:
            write_tensor(response.outputs[name], outputs[name], signature.outputs[name])
        return response

    def classify(self, request: Any, deadline: float) -> Any:
        """Returns the answer to a classification."""
        response = classification_pb2.ClassificationResponse()
        with lease(self._backend.repository, request) as version:
            name = request.model_spec.signature_name
            found = classify(self._backend, version, name, serialized_examples(request.input), deadline)
            write_model_spec(response, request, version)
        for labels, scores in zip(found.labels.tolist(), found.scores.tolist(), strict=True):
            classes = response.result.classifications.add().classes
            for label, score in zip(labels, scores, strict=True):
                classes.add(label=label.decode("utf-8", errors="replace"), score=score)
        return response

    def regress(self, request: Any, deadline: float) -> Any:
        """Returns the answer to a regression."""
        response = regression_pb2.RegressionResponse()
        with lease(self._backend.repository, request) as version:
            name = request.model_spec.signature_name
            values = regress(self._backend, version, name, serialized_examples(request.input), deadline)
            write_model_spec(response, request, version)
        for value in values.tolist():
            response.result.regressions.add(value=value)
        return response

    def describe(self, request: Any) -> Any:
        """Returns the inputs and outputs of all signatures of a version.

        Raises:
            RequestError: 400, it asks for something else, or an unknown label; 404, no such model or version.
        """
        name, number, label = read_model_spec(request)
        if not request.metadata_field:
            raise invalid_argument("GetModelMetadataRequest must specify at least one metadata_field")
        for field in request.metadata_field:
            if field != _METADATA_FIELD:
                # The real server's own words, where the placeholder is never filled in.
                raise invalid_argument(f"Metadata field %s is not supported{field}")
        if not name:
            raise invalid_argument("ModelSpec has no name specified.")
        description = describe_signatures(self._backend.repository, name, number, label)
        response = get_model_metadata_pb2.GetModelMetadataResponse()
        response.model_spec.name = description["model_spec"]["name"]
        response.model_spec.version.value = int(description["model_spec"]["version"])
        signatures = get_model_metadata_pb2.SignatureDefMap()
        json_format.ParseDict(description["metadata"][_METADATA_FIELD], signatures)
        response.metadata[_METADATA_FIELD].Pack(signatures)
        return response


def _predict_signature(version: LoadedVersion, name: str) -> Signature:
    """Returns the signature that a prediction runs.

    Raises:
        RequestError: FAILED_PRECONDITION, there is none of that name; 501, some of its tensors are not dense.
    """
    key = name or DEFAULT_SIGNATURE
    if key not in version.signatures:
        raise RequestError(tf.errors.FAILED_PRECONDITION, f'Serving signature key "{key}" not found.')
    return find_signature(version.signatures, key)


def _read_inputs(request: Any, signature: Signature, max_bytes: int) -> dict[str, Array]:
    """Returns an array for each input, the signature's own default where the request leaves one out.

    Raises:
        RequestError: 400, the request names other inputs than the signature, leaves out one without a default, or has
            tensors that do not fit.
    """
    specs = {name: spec for name, spec in signature.inputs.items() if name in request.inputs}
    if len(specs) < len(request.inputs) or len({*specs, *signature.defaults}) < len(signature.inputs):
        raise _names_fault(request, signature)
    return {**signature.defaults, **read_tensors(request.inputs, specs, max_bytes)}


def _names_fault(request: Any, signature: Signature) -> RequestError:
    """Returns the 400 for a request whose inputs are not the signature's."""
    expected = sorted(signature.inputs)
    # A message may name millions, which would take seconds to sort and are not shown anyway.
    sent = sorted(request.inputs if len(request.inputs) <= _MAX_NAMES else islice(request.inputs, _MAX_NAMES))
    known = [name for name in sent if name in signature.inputs]
    missing = [name for name in expected if name not in request.inputs]
    lacking = [name for name in missing if name not in signature.defaults]
    is_shorter = len(request.inputs) < len(expected)
    if len(request.inputs) > len(expected) or (is_shorter and not signature.defaults):
        extra = [name for name in sent if name not in signature.inputs]
        return invalid_argument(
            f"input size does not match signature: {len(request.inputs)}!={len(expected)} len({{{','.join(sent)}}}) !="
            f" len({{{','.join(expected)}}}). Sent extra: {{{','.join(extra)}}}."
            f" Missing but required: {{{','.join(missing)}}}."
        )
    if lacking:
        return invalid_argument(
            f"Signature input alias: {lacking[0]}(feed name: {signature.inputs[lacking[0]].tensor_name}) not found in"
            f" request and no default value provided. Inputs expected to be in the request {{{','.join(sent)}}}, or"
            f" default input alias set: {','.join(sorted(signature.defaults))}"
        )
    used, given = ",".join(known), ",".join(sent)
    return invalid_argument(f"Inputs contains invalid name. Used request inputs: {used}, request input: {given}")


def _output_names(request: Any, signature: Signature) -> list[str]:
    """Returns the outputs to answer with: those of the filter, or all.

    Raises:
        RequestError: 400, the filter names one twice or one that there is not.
    """
    names = list(request.output_filter)
    for index, name in enumerate(names):
        if name not in signature.outputs:
            expected = f"Outputs expected to be in the set {{{','.join(signature.outputs)}}}."
            raise invalid_argument(f"output tensor alias not found in signature: {name} {expected}")
        if name in names[:index]:
            raise invalid_argument(f"duplicate output tensor alias: {name}")
    return names or list(signature.outputs)
