"""What came of bringing models to what their sources say, in words."""

from collections.abc import Mapping

from serving.server.errors import ServerError
from serving.server.models.loading import LoadError
from serving.server.models.repository import ModelRepository
from serving.server.models.sources import ModelSource


def check_that_not_all_fail(repository: ModelRepository, sources: list[ModelSource]) -> None:
    """Checks that not everything that there is to serve is broken; what is not there yet may come.

    Raises:
        ServerError: It is.
    """
    errors = _errors(repository, sources)
    if errors and not any(repository.is_available(source.name) for source in sources):
        raise ServerError(f"Not one of the {len(errors)} model versions of {_names(sources)} loads; {errors[0]}")


def describe_missing(repository: ModelRepository, missing: list[ModelSource]) -> str:
    """Returns why models of a new list are not there, in the real server's first words."""
    lacks = (repository.wishes.lacks.get(source.name, "") for source in missing)
    errors = map(str, _errors(repository, missing))
    return "; ".join(
        filter(None, [f"servable(s) did not become available: {_names(missing)}", *errors, *lacks]),
    )


def describe_waiting(labels: Mapping[str, Mapping[str, int]]) -> str:
    """Returns what labels, by model, wait for; no text where there are none."""
    return "; ".join(
        f"{label} of model {name} is for version {number}, which is not available"
        for name, numbers in labels.items()
        for label, number in numbers.items()
    )


def _errors(repository: ModelRepository, sources: list[ModelSource]) -> list[LoadError]:
    """Returns why versions of some models did not load."""
    versions = [version for source in sources for version in repository.versions(source.name)]
    return [version.error for version in versions if version.error is not None]


def _names(sources: list[ModelSource]) -> str:
    """Returns the models' names, for a message."""
    return ", ".join(source.name for source in sources)
