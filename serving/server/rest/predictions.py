"""One request from its body to what must be run for it, in TensorFlow Serving's order of checks."""

from typing import Any

from serving.server.answering import Prediction, Terms
from serving.server.backend import Backend
from serving.server.deadlines import seconds_left
from serving.server.errors import invalid_argument
from serving.server.models.examples import (
    ExampleVerb,
    example_inputs,
    find_example_signature,
    read_classifications,
    read_regressions,
)
from serving.server.models.loading import LoadedVersion
from serving.server.models.runs import Run
from serving.server.models.signatures import find_signature
from serving.server.rest.answers import columnar_answer, row_answer
from serving.server.rest.documents import DocumentParser, shown
from serving.server.rest.examples import classify_answer, read_examples, regress_answer
from serving.server.rest.inputs import read_inputs
from serving.server.rest.routes import Route
from serving.server.rest.writing import write_json


class PredictionReader:
    """Reads predictions; may be called from many threads."""

    def __init__(self, backend: Backend) -> None:
        """Takes what all requests share."""
        self._repository = backend.repository
        self._parser = DocumentParser(backend.limits)

    def read(self, route: Route, body: bytes, terms: Terms) -> Prediction:
        """Returns what a `:predict`, `:classify` or `:regress` asks for.

        Args:
            route: What is asked of which model.
            body: The inflated JSON body.
            terms: The request's.

        Raises:
            RequestError: In this order: bad JSON, bad type of `signature_name`, examples that are none, unknown model
                or version, unknown signature, tensors that do not fit.
        """
        with self._parser.turn(body):
            seconds_left(terms.deadline)
            document = self._parser.parse(body)
            name = document.get("signature_name", "")
            if type(name) is not str:
                text = "not formatted correctly. 'signature_name' key must be a string value."
                raise invalid_argument(f"JSON Value: {shown(document)} {text}")
            if route.verb == "predict":
                return self._read_predict(route, document, name, terms)
            examples = read_examples(document)
            del document
        return self._read_examples(route, examples, name, terms)

    def _read_predict(self, route: Route, document: dict[str, Any], name: str, terms: Terms) -> Prediction:
        """Returns what a `:predict` asks for."""
        version = self._lease(route, terms)
        signature = find_signature(version.signatures, name)
        inputs, is_row_form = read_inputs(document, signature.inputs)
        form = row_answer if is_row_form else columnar_answer
        run = Run(version, signature, inputs, terms.deadline, terms.num_bytes)
        return Prediction(run, "Predict", lambda outputs: write_json(form(outputs, signature.outputs)))

    def _read_examples(self, route: Route, examples: list[bytes], name: str, terms: Terms) -> Prediction:
        """Returns what a `:classify` or `:regress` asks for."""
        version, count = self._lease(route, terms), len(examples)
        verb: ExampleVerb = "classify" if route.verb == "classify" else "regress"
        signature = find_example_signature(version.signatures, name, verb)
        run = Run(version, signature, example_inputs(signature, examples), terms.deadline, terms.num_bytes)
        if verb == "classify":
            return Prediction(
                run, "Classify", lambda outputs: write_json(classify_answer(read_classifications(outputs, count)))
            )
        return Prediction(run, "Regress", lambda outputs: write_json(regress_answer(read_regressions(outputs, count))))

    def _lease(self, route: Route, terms: Terms) -> LoadedVersion:
        """Returns the version that answers."""
        return terms.lease.enter_context(self._repository.lease(route.name, route.version, route.label))
