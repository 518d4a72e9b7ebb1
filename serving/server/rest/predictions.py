"""One prediction from body to answer, in TensorFlow Serving's order of checks."""

import contextlib
import json
from typing import Any

from serving.server.backend import Backend
from serving.server.deadlines import seconds_left
from serving.server.errors import RequestError, invalid_argument, unimplemented
from serving.server.models.loading import LoadedVersion
from serving.server.models.signatures import DEFAULT_SIGNATURE, find_signature
from serving.server.rest.answers import columnar_answer, row_answer
from serving.server.rest.documents import DocumentParser, shown
from serving.server.rest.inputs import read_inputs
from serving.server.rest.routes import Route


class Predictor:
    """Answers predictions; may be called from many threads."""

    def __init__(self, backend: Backend) -> None:
        """Takes what all requests share."""
        self._backend = backend
        self._parser = DocumentParser(backend.limits)

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
        with contextlib.ExitStack() as held:
            with self._parser.turn(body):
                document, name = self._read(body, deadline)
                lease = self._backend.repository.lease(route.name, route.version, route.label)
                version = held.enter_context(lease)
                if route.verb != "predict":
                    raise _other_method_error(version, name or DEFAULT_SIGNATURE, route.verb)
                signature = find_signature(version.signatures, name)
                inputs, is_row_form = read_inputs(document, signature.inputs)
                del document
            outputs = self._backend.run(version, signature, inputs, deadline, "Predict")
        answer = row_answer(outputs, signature.outputs) if is_row_form else columnar_answer(outputs, signature.outputs)
        return json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode("utf-8")

    def _read(self, body: bytes, deadline: float) -> tuple[dict[str, Any], str]:
        """Returns the request and the signature's name, empty where it has none.

        Raises:
            RequestError: 400, bad JSON, or a name that is no text; 504, nobody waits any more.
        """
        seconds_left(deadline)
        document = self._parser.parse(body)
        name = document.get("signature_name", "")
        if type(name) is not str:
            raise invalid_argument(
                f"JSON Value: {shown(document)} not formatted correctly. 'signature_name' key must be a string value."
            )
        return document, name


def _other_method_error(version: LoadedVersion, name: str, verb: str) -> RequestError:
    """Returns the answer to `:classify` and `:regress`, which this server does not compute."""
    signature = version.signatures.get(name)
    if signature is None:
        return invalid_argument(f"No signature was found with the name: {name}")
    expected = f"tensorflow/serving/{verb}"
    if signature.method_name != expected:
        kind = {"classify": "classification", "regress": "regression"}[verb]
        return invalid_argument(f"Expected {kind} signature method_name to be {expected}. Was: {signature.method_name}")
    return unimplemented(f"This server does not serve :{verb}; ask the same signature with :predict")
