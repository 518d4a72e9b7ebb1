"""The OpenAPI 3.1 document of this server, made from the models it serves at the moment.

A model's newest version has paths of its own, whose schemas follow its signatures; older versions and labels, whose
signatures may be others, are described in general.
"""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from serving.server.errors import RequestError
from serving.server.models.repository import ModelRepository
from serving.server.models.signatures import Signature
from serving.server.site.components import shared_schemas
from serving.server.site.operations import (
    LABEL,
    VERSION,
    answer,
    get_operation,
    model_parameter,
    post_operation,
    reference,
)
from serving.server.site.schemas import answer_schemas, example_request, is_askable, request_schemas

METRICS_PATH = "/monitoring/prometheus/metrics"

Document = dict[str, Any]


def build_document(repository: ModelRepository, has_metrics: bool) -> Document:
    """Returns the document.

    Args:
        repository: The models.
        has_metrics: Whether the metrics may be read.
    """
    names = sorted(repository.names())
    paths: Document = {}
    for name in names:
        paths |= _model_paths(name, _signatures(repository, name))
    if names:
        paths |= dict(_general_paths(names))
    paths |= _site_paths()
    if has_metrics:
        answers = {"200": answer("Counts and latency histograms", {"type": "string"}, "text/plain")}
        paths[METRICS_PATH] = get_operation("Metrics in Prometheus's text format", answers)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "TensorFlow Serving's REST API",
            "version": "1",
            "description": "As an embedded server answers it over its SavedModels. `NaN`, `Infinity` and `-Infinity` "
            "are bare tokens both ways; the Content-Type of a request is ignored.",
        },
        "paths": paths,
        "components": {"schemas": shared_schemas()},
    }


def _signatures(repository: ModelRepository, name: str) -> Mapping[str, Signature]:
    """Returns what the newest version of a model can be asked in JSON, nothing where none of its versions answers."""
    try:
        with repository.lease(name, None, None) as version:
            return {key: signature for key, signature in version.signatures.items() if is_askable(signature)}
    except RequestError:
        return {}


def _model_paths(name: str, signatures: Mapping[str, Signature]) -> Document:
    """Returns what one asks the newest version of a model."""
    path = f"/v1/models/{quote(name, safe='')}"
    paths = {
        path: get_operation(f"Status of all versions of {name}", _status_answers()),
        f"{path}/metadata": get_operation(f"Signatures of {name}", _metadata_answers()),
    }
    if signatures:
        requests = [form for key, signature in signatures.items() for form in request_schemas(key, signature)]
        answers = [form for signature in signatures.values() for form in answer_schemas(signature)]
        examples = {key: example_request(key, signature) for key, signature in signatures.items()}
        paths[f"{path}:predict"] = post_operation(
            f"Predict with {name}",
            {"anyOf": requests},
            {"anyOf": answers},
            {key: {"value": value} for key, value in examples.items() if value is not None},
        )
    return paths


def _general_paths(names: list[str]) -> Iterator[tuple[str, Document]]:
    """Yields what one asks any model, of a version or of a label, and what does not depend on the signatures."""
    model = model_parameter(names)
    for verb in ("classify", "regress"):
        request, response = reference("ExamplesRequest"), reference(f"{verb.capitalize()}Answer")
        yield f"/v1/models/{{model}}:{verb}", post_operation(verb.capitalize(), request, response, {}, model)
    for chosen, parameter in (("versions/{version}", VERSION), ("labels/{label}", LABEL)):
        path, parameters = f"/v1/models/{{model}}/{chosen}", (model, parameter)
        of = f"of a {parameter['name']}"
        yield path, get_operation(f"Status {of}", _status_answers(), *parameters)
        yield f"{path}/metadata", get_operation(f"Signatures {of}", _metadata_answers(), *parameters)
        for verb in ("predict", "classify", "regress"):
            request = reference("PredictRequest" if verb == "predict" else "ExamplesRequest")
            response = reference(f"{verb.capitalize()}Answer")
            summary = f"{verb.capitalize()} {of}"
            yield f"{path}:{verb}", post_operation(summary, request, response, {}, *parameters)


def _status_answers() -> Document:
    """Returns the answers to a question for versions."""
    return {"200": answer("The versions, newest first", reference("Status"))} | _refusals()


def _metadata_answers() -> Document:
    """Returns the answers to a question for signatures."""
    return {"200": answer("The signatures", reference("Metadata"))} | _refusals()


def _refusals() -> Document:
    """Returns how a question about a model is refused."""
    return {
        "400": answer("No such label", reference("Error")),
        "404": answer("No such model or version", reference("Error")),
        "503": answer("It is being loaded; Retry-After says when to come again", reference("Error")),
    }


def _site_paths() -> Document:
    """Returns the paths beside the contract."""
    text: Document = {"type": "string"}
    readiness = reference("Readiness")
    ready = {"200": answer("All can", readiness), "503": answer("Those that are missing cannot", readiness)}
    none = {"404": answer("There is none", text, "text/plain")}
    sample = {"200": {"description": "A PNG", "content": {"image/png": {}}}} | none
    game = {"200": answer("Screens, the memory before the first, and what they look like", {"type": "object"})} | none
    name: Document = {"name": "model", "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
    page = {"200": answer("HTML", text, "text/html")}
    return {
        "/": get_operation("The page where one tries a model", page),
        "/healthz": get_operation("Whether the process lives", {"200": answer("It does", text, "text/plain")}),
        "/readyz": get_operation("Whether every model can answer", ready),
        "/openapi.json": get_operation("This document", {"200": answer("OpenAPI 3.1", {"type": "object"})}),
        "/models.json": get_operation("What the page can ask", {"200": answer("Models", reference("Models"))}),
        "/samples/{model}": get_operation("A model's sample screenshot", sample, name),
        "/games/{model}": get_operation("A piece of a model's game", game, name),
    }
