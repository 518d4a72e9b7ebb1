"""One prediction from body to answer, in TensorFlow Serving's order of checks."""

import json
import time

from serving.server.errors import RequestError, invalid_argument
from serving.server.models.loading import Array, LoadedVersion, Signature
from serving.server.models.repository import ModelRepository
from serving.server.rest.answers import columnar_answer, row_answer
from serving.server.rest.documents import DocumentParser, shown
from serving.server.rest.inputs import read_inputs
from serving.server.rest.routes import Route

DEFAULT_SIGNATURE = "serving_default"


class Predictor:
    """Answers predictions; may be called from many threads."""

    def __init__(self, repository: ModelRepository, parser: DocumentParser) -> None:
        """Takes the models and the parser of request bodies."""
        self._repository = repository
        self._parser = parser

    def predict(self, route: Route, body: bytes, deadline: float) -> bytes:
        """Returns the JSON answer to a `:predict`, and the error of a `:classify` or `:regress`.

        Args:
            route: What is asked of which model.
            body: The inflated JSON body.
            deadline: The moment on `time.monotonic()` after which nobody waits for the answer.

        Raises:
            RequestError: In this order: bad JSON, bad type of `signature_name`, unknown model or version, unknown
                signature, tensors that do not fit, an error of the graph itself.
        """
        with self._parser.turn(body):
            version, signature, inputs, is_row_form = self._read(route, body, deadline)
        outputs = version.run(signature, inputs, _seconds_left(deadline))
        answer = row_answer(outputs, signature.outputs) if is_row_form else columnar_answer(outputs, signature.outputs)
        return json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode("utf-8")

    def _read(
        self, route: Route, body: bytes, deadline: float
    ) -> tuple[LoadedVersion, Signature, dict[str, Array], bool]:
        """Returns the version and signature asked for, the input arrays, and whether the request is in row form."""
        _seconds_left(deadline)
        document = self._parser.parse(body)
        name = document.get("signature_name", "")
        if type(name) is not str:
            raise invalid_argument(
                f"JSON Value: {shown(document)} not formatted correctly. 'signature_name' key must be a string value."
            )
        version = self._repository.find(route.name, route.version, route.label)
        if route.verb != "predict":
            raise _other_method_error(version, name or DEFAULT_SIGNATURE, route.verb)
        signature = _predict_signature(version, name)
        inputs, is_row_form = read_inputs(document, signature.inputs)
        return version, signature, inputs, is_row_form


def _seconds_left(deadline: float) -> float:
    """Returns the time until the deadline.

    Raises:
        RequestError: 504, it has passed.
    """
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise RequestError(504, "Deadline exceeded before the request was computed")
    return seconds


def _predict_signature(version: LoadedVersion, name: str) -> Signature:
    """Returns the signature to run.

    Raises:
        RequestError: 400, there is none of that name or it has no inputs; 501, some of its tensors are not dense.
    """
    key = name or DEFAULT_SIGNATURE
    signature = version.signatures.get(key)
    if signature is None:
        raise invalid_argument(f'Serving signature name: "{key}" not found in signature def')
    if not signature.inputs:
        raise invalid_argument(f"Failed to get input map for signature: {name or 'DEFAULT'}")
    if not all(spec.tensor_name for spec in (*signature.inputs.values(), *signature.outputs.values())):
        raise RequestError(501, f'Serving signature name: "{key}" has tensors that are not dense')
    return signature


def _other_method_error(version: LoadedVersion, name: str, verb: str) -> RequestError:
    """Returns the answer to `:classify` and `:regress`, which this server does not compute."""
    signature = version.signatures.get(name)
    if signature is None:
        return invalid_argument(f"No signature was found with the name: {name}")
    expected = f"tensorflow/serving/{verb}"
    if signature.method_name != expected:
        kind = {"classify": "classification", "regress": "regression"}[verb]
        return invalid_argument(f"Expected {kind} signature method_name to be {expected}. Was: {signature.method_name}")
    return RequestError(501, f"This server does not serve :{verb}; ask the same signature with :predict")
