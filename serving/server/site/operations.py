"""The parts an OpenAPI document is put together from: operations with their answers, and parameters."""

from collections.abc import Mapping

from serving.server.site.schemas import Schema

_JSON = "application/json"

# How a prediction fails, by HTTP's status code.
_FAILURES = {
    "400": "The request does not say what it must",
    "404": "No such model or version",
    "409": "The graph says that something is in the way",
    "413": "The request is over a limit of size",
    "429": "A resource is used up",
    "499": "Cancelled",
    "500": "The graph or the server failed",
    "501": "This cannot be asked",
    "503": "The queue is full, or the model is being loaded; Retry-After says when to come again",
    "504": "Not computed by the deadline",
}

VERSION: Schema = {
    "name": "version",
    "in": "path",
    "required": True,
    "schema": {"type": "integer", "minimum": 0, "maximum": 2**63 - 1},
}
LABEL: Schema = {"name": "label", "in": "path", "required": True, "schema": {"type": "string", "pattern": "^[^/:]+$"}}


def reference(name: str) -> Schema:
    """Returns a reference to a shared schema."""
    return {"$ref": f"#/components/schemas/{name}"}


def model_parameter(names: list[str]) -> Schema:
    """Returns the path's parameter that is a model."""
    return {"name": "model", "in": "path", "required": True, "schema": {"type": "string", "enum": names}}


def answer(meaning: str, schema: Schema, media_type: str = _JSON) -> Schema:
    """Returns an answer with a body."""
    return {"description": meaning, "content": {media_type: {"schema": schema}}}


def get_operation(summary: str, answers: Mapping[str, Schema], *parameters: Schema) -> Schema:
    """Returns a path that answers GET."""
    return {"get": {"summary": summary, "parameters": list(parameters), "responses": dict(answers)}}


def post_operation(
    summary: str, request: Schema, response: Schema, examples: Mapping[str, Schema], *parameters: Schema
) -> Schema:
    """Returns a path that answers POST, with every way to fail."""
    content = {"schema": request} | ({"examples": dict(examples)} if examples else {})
    failures = {status: answer(meaning, reference("Error")) for status, meaning in _FAILURES.items()}
    return {
        "post": {
            "summary": summary,
            "parameters": list(parameters),
            "requestBody": {"required": True, "content": {_JSON: content}},
            "responses": {"200": answer("The answer", response)} | failures,
        }
    }
