"""Whether the server can answer for every model it was given."""

from serving.server.models.repository import ModelRepository, State


def find_missing(repository: ModelRepository) -> list[dict[str, str]]:
    """Returns the models of which no version answers, each with its `model` and the `reason` in one line.

    A model that is no longer asked for, with all its versions retired, is not missed.
    """
    missing = []
    for name in repository.names():
        versions = repository.versions(name)
        is_retired = all(version.state is State.END and version.error is None for version in versions)
        if is_retired or any(version.state is State.AVAILABLE for version in versions):
            continue
        errors = [f"version {version.number}: {version.error.message}" for version in versions if version.error]
        missing.append({"model": name, "reason": "; ".join(errors) or "no version has been loaded yet"})
    return missing
