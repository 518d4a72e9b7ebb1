"""One prediction from body to answer, in TensorFlow Serving's order of checks."""

import contextlib
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from serving.server.backend import Backend
from serving.server.deadlines import seconds_left
from serving.server.errors import invalid_argument
from serving.server.inference import classify, regress
from serving.server.models.loading import LoadedVersion
from serving.server.models.runs import Outputs, Run
from serving.server.models.signatures import find_signature
from serving.server.rest.answers import columnar_answer, row_answer
from serving.server.rest.documents import DocumentParser, shown
from serving.server.rest.examples import classify_answer, read_examples, regress_answer
from serving.server.rest.inputs import read_inputs
from serving.server.rest.routes import Route
from serving.server.rest.writing import write_json


@dataclass(frozen=True)
class Prediction:
    """A `:predict` that has been read.

    Attributes:
        run: What must be run for it.
        is_row_form: How it was asked, and is answered.
        lease: Holds the version; closed once the run is done.
    """

    run: Run
    is_row_form: bool
    lease: contextlib.ExitStack

    def write(self, outputs: Outputs) -> bytes:
        """Returns the JSON answer that the run's outputs make.

        Raises:
            RequestError: 400, they have no JSON form.
        """
        form = row_answer if self.is_row_form else columnar_answer
        return write_json(form(outputs, self.run.signature.outputs))


class Predictor:
    """Answers predictions; may be called from many threads."""

    def __init__(self, backend: Backend) -> None:
        """Takes what all requests share."""
        self._backend = backend
        self._parser = DocumentParser(backend.limits)

    def predict(self, route: Route, body: bytes, deadline: float) -> bytes:
        """Returns the JSON answer to a `:predict`, `:classify` or `:regress`.

        Args:
            route: What is asked of which model.
            body: The inflated JSON body.
            deadline: The moment on `time.monotonic()` after which nobody waits for the answer.

        Raises:
            RequestError: In this order: bad JSON, bad type of `signature_name`, examples that are none, unknown model
                or version, unknown signature, tensors that do not fit, an error of the graph itself.
        """
        if route.verb != "predict":
            return write_json(self._answer_examples(route, body, deadline))
        with self._parser.turn(body):
            prediction = self.read(route, body, deadline)
        with prediction.lease:
            outputs = self._backend.run(prediction.run, "Predict")
        return prediction.write(outputs)

    def read(self, route: Route, body: bytes, deadline: float) -> Prediction:
        """Returns what a `:predict` asks for; it leases the version until it is closed.

        Args:
            route: As for `predict`.
            body: The same.
            deadline: The same.

        Raises:
            RequestError: As `predict` does, up to the graph's own errors.
        """
        with contextlib.ExitStack() as held:
            document, name = self._read(body, deadline)
            version = held.enter_context(self._lease(route))
            signature = find_signature(version.signatures, name)
            inputs, is_row_form = read_inputs(document, signature.inputs)
            return Prediction(Run(version, signature, inputs, deadline), is_row_form, held.pop_all())

    def _answer_examples(self, route: Route, body: bytes, deadline: float) -> dict[str, Any]:
        """Returns the answer to a `:classify` or `:regress`."""
        with self._parser.turn(body):
            document, name = self._read(body, deadline)
            examples = read_examples(document)
            del document
        with self._lease(route) as version:
            if route.verb == "classify":
                return classify_answer(classify(self._backend, version, name, examples, deadline))
            return regress_answer(regress(self._backend, version, name, examples, deadline))

    def _lease(self, route: Route) -> AbstractContextManager[LoadedVersion]:
        """Returns the version that answers."""
        return self._backend.repository.lease(route.name, route.version, route.label)

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
