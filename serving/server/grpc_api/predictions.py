"""PredictionService: one request from message to answer, in TensorFlow Serving's order of checks."""

from itertools import islice
from typing import Any

import tensorflow as tf
from google.protobuf import json_format
from tensorflow_serving.apis import classification_pb2, get_model_metadata_pb2, predict_pb2, regression_pb2

from serving.server.answering import Prediction, Terms
from serving.server.backend import Backend
from serving.server.descriptions import describe_signatures
from serving.server.errors import RequestError, invalid_argument
from serving.server.grpc_api.model_specs import lease, read_model_spec, write_model_spec
from serving.server.grpc_api.tensors import read_tensors, write_tensor
from serving.server.models.examples import (
    ExampleVerb,
    example_inputs,
    find_example_signature,
    read_classifications,
    read_regressions,
    serialized_examples,
)
from serving.server.models.loading import LoadedVersion
from serving.server.models.runs import Outputs, Run
from serving.server.models.signatures import DEFAULT_SIGNATURE, Array, Signature, find_signature

_METADATA_FIELD = "signature_def"
_MAX_NAMES = 100


class PredictionService:
    """Answers predictions, classifications, regressions, and what a model can be asked."""

    def __init__(self, backend: Backend) -> None:
        """Takes what all requests share."""
        self._backend = backend

    def predict(self, request: Any, terms: Terms) -> Prediction:
        """Returns what a prediction asks for.

        Raises:
            RequestError: In this order: unknown model or version, unknown signature, tensors that are not its inputs,
                outputs that it does not have.
        """
        version = self._lease(request, terms)
        signature = _predict_signature(version, request.model_spec.signature_name)
        inputs = _read_inputs(request, signature, self._backend.limits.max_inflated_bytes)
        names, answer = _output_names(request, signature), predict_pb2.PredictResponse()
        write_model_spec(answer, request, version)

        def write(outputs: Outputs) -> bytes:
            for name in names:
                write_tensor(answer.outputs[name], outputs[name], signature.outputs[name])
            return answer.SerializeToString()

        return Prediction(Run(version, signature, inputs, terms.deadline, terms.num_bytes), "Predict", write)

    def classify(self, request: Any, terms: Terms) -> Prediction:
        """Returns what a classification asks for."""
        run, answer = self._read_examples(request, "classify", terms), classification_pb2.ClassificationResponse()
        write_model_spec(answer, request, run.version)

        def write(outputs: Outputs) -> bytes:
            found = read_classifications(outputs, run.num_rows)
            for labels, scores in zip(found.labels.tolist(), found.scores.tolist(), strict=True):
                classes = answer.result.classifications.add().classes
                for label, score in zip(labels, scores, strict=True):
                    classes.add(label=label.decode("utf-8", errors="replace"), score=score)
            return answer.SerializeToString()

        return Prediction(run, "Classify", write)

    def regress(self, request: Any, terms: Terms) -> Prediction:
        """Returns what a regression asks for."""
        run, answer = self._read_examples(request, "regress", terms), regression_pb2.RegressionResponse()
        write_model_spec(answer, request, run.version)

        def write(outputs: Outputs) -> bytes:
            for value in read_regressions(outputs, run.num_rows).tolist():
                answer.result.regressions.add(value=value)
            return answer.SerializeToString()

        return Prediction(run, "Regress", write)

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

    def _read_examples(self, request: Any, verb: ExampleVerb, terms: Terms) -> Run:
        """Returns the run that a classification or a regression asks for."""
        version = self._lease(request, terms)
        signature = find_example_signature(version.signatures, request.model_spec.signature_name, verb)
        inputs = example_inputs(signature, serialized_examples(request.input))
        return Run(version, signature, inputs, terms.deadline, terms.num_bytes)

    def _lease(self, request: Any, terms: Terms) -> LoadedVersion:
        """Returns the version that answers."""
        return terms.lease.enter_context(lease(self._backend.repository, request))


def _predict_signature(version: LoadedVersion, name: str) -> Signature:
    """Returns the signature that a prediction runs.

    Raises:
        RequestError: FAILED_PRECONDITION, there is none of that name.
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
