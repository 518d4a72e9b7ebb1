"""Whether the server can answer for every model it was given."""

from serving.server.models.repository import ModelRepository, State

_BEING_LOADED = "it is being loaded"


def find_missing(repository: ModelRepository) -> list[dict[str, str]]:
    """Returns the models of which no version answers, each with its `model` and the `reason` in one line.

    A model that is no longer asked for is not missed. Where models are looked for in a folder that has none, the one
    entry names no model. While everything is loaded for the first time, somebody is always missing.
    """
    wishes = repository.wishes
    missing = [
        {"model": name, "reason": _reason(repository, name, lack)}
        for name, lack in sorted(wishes.lacks.items())
        if not repository.is_available(name)
    ]
    if wishes.trouble:
        missing.append({"model": "", "reason": wishes.trouble})
    if wishes.is_loading and not missing:
        return [{"model": name, "reason": _BEING_LOADED} for name in sorted(wishes.lacks) or [""]]
    return missing


def _reason(repository: ModelRepository, name: str, lack: str) -> str:
    """Returns why no version of a model answers."""
    versions = repository.versions(name)
    errors = [f"version {version.number}: {version.error.message}" for version in versions if version.error]
    is_coming = any(version.state in (State.START, State.LOADING) for version in versions)
    return "; ".join(filter(None, [*errors, _BEING_LOADED if is_coming else "", lack])) or _BEING_LOADED
