"""Which version of which model a request means, and which one answered."""

from contextlib import AbstractContextManager
from typing import Any

from serving.server.errors import invalid_argument
from serving.server.models.loading import LoadedVersion
from serving.server.models.repository import ModelRepository
from serving.server.models.signatures import DEFAULT_SIGNATURE


def lease(repository: ModelRepository, request: Any) -> AbstractContextManager[LoadedVersion]:
    """Returns the version that answers a request.

    Args:
        repository: The models.
        request: A message with a `model_spec`.

    Raises:
        RequestError: 400, no name, or an unknown label; 404, no such model or version.
    """
    name, number, label = read_model_spec(request)
    if not name:
        raise invalid_argument("ModelSpec has no name specified.")
    return repository.lease(name, number, label)


def read_model_spec(request: Any) -> tuple[str, int | None, str | None]:
    """Returns which model a request means: its name, and the version's number or label where it says one.

    Raises:
        RequestError: 400, it has no model_spec.
    """
    if not request.HasField("model_spec"):
        raise invalid_argument("Missing ModelSpec")
    spec = request.model_spec
    choice = spec.WhichOneof("version_choice")
    version = spec.version.value if choice == "version" else None
    label = spec.version_label if choice == "version_label" else None
    return spec.name, version, label


def write_model_spec(response: Any, request: Any, version: LoadedVersion) -> None:
    """Says in an answer which version and signature gave it."""
    response.model_spec.name = request.model_spec.name
    response.model_spec.version.value = version.number
    response.model_spec.signature_name = request.model_spec.signature_name or DEFAULT_SIGNATURE
