"""The models of a folder: which versions there are, which loaded, and the one place that hands one out per request."""

import contextlib
import logging
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from serving.server.errors import ServerError, invalid_argument, not_found
from serving.server.limits import Limits
from serving.server.models.loading import LoadedVersion, LoadError, load_version

logger = logging.getLogger(__name__)

MODEL_FILE = "saved_model.pb"
_MAX_NAMES_SHOWN = 5


@dataclass(frozen=True)
class Version:
    """A version of a model, loaded or not.

    Attributes:
        number: The version number.
        loaded: The loaded version, or None where loading failed.
        error: Why it did not load, or None.
    """

    number: int
    loaded: LoadedVersion | None
    error: LoadError | None


class ModelRepository:
    """Owns the versions of all models and hands one out per request."""

    def __init__(self, models: Mapping[str, list[Version]]) -> None:
        """Keeps the versions.

        Args:
            models: Each model's versions, newest first.
        """
        self._models = models
        self._lock = threading.Lock()

    def versions(self, name: str) -> list[Version]:
        """Returns a model's versions, newest first; none where there is no such model."""
        with self._lock:
            return list(self._models.get(name, []))

    def names(self) -> list[str]:
        """Returns the models' names."""
        with self._lock:
            return list(self._models)

    @contextlib.contextmanager
    def lease(self, name: str, number: int | None, label: str | None) -> Iterator[LoadedVersion]:
        """Hands out the version that answers a request, which stays loaded for as long as the context lasts.

        Args:
            name: The model's name.
            number: The version asked for; None for the newest one that loaded.
            label: A version's label; no version has one.

        Raises:
            RequestError: 400, unknown label; 404, no such model or version, or it did not load.
        """
        if label is not None:
            raise invalid_argument(f"Unrecognized servable version label: {label}")
        with contextlib.ExitStack() as held:
            # Found and held in one step: a version that is retired in between would be gone.
            with self._lock:
                version = held.enter_context(self._find(name, number).in_use())
            yield version

    def close(self) -> None:
        """Frees all versions, each once no request uses it."""
        with self._lock:
            versions = [version for versions in self._models.values() for version in versions]
        for version in versions:
            if version.loaded is not None:
                version.loaded.retire()

    def _find(self, name: str, number: int | None) -> LoadedVersion:
        """Returns the newest version that loaded, or the one with the number.

        Raises:
            RequestError: 404.
        """
        for version in self._models.get(name, []):
            if version.loaded is not None and number in (None, version.number):
                return version.loaded
        wanted = f"Latest({name})" if number is None else f"Specific({name}, {number})"
        raise not_found(f"Servable not found for request: {wanted}")


def load_models(folder: Path, limits: Limits) -> ModelRepository:
    """Loads every version of every model under a folder.

    Args:
        folder: Holds `NAME/<integer>/saved_model.pb`; whatever has another name is ignored.
        limits: The thread counts for TensorFlow.

    Raises:
        ServerError: The folder does not exist, holds no model, or none of its versions loads.
    """
    models = {
        name: [_load(name, number, paths[number], limits) for number in sorted(paths, reverse=True)]
        for name, paths in _find_versions(folder).items()
    }
    everything = [version for versions in models.values() for version in versions]
    errors = [version.error for version in everything if version.error is not None]
    if len(errors) == len(everything):
        raise ServerError(f"Not one of the {len(errors)} model versions in {folder} loads; {errors[0].message}")
    return ModelRepository(models)


def _find_versions(folder: Path) -> dict[str, dict[int, Path]]:
    """Returns the version folders by model name and version number.

    Raises:
        ServerError: There are none.
    """
    expected = f"Expected SavedModels at {folder}/NAME/<integer>/{MODEL_FILE}"
    if not folder.is_dir():
        raise ServerError(f"{expected}, but {folder} is {'not a folder' if folder.exists() else 'not there'}")
    entries = sorted(folder.iterdir())
    models = {entry.name: paths for entry in entries if (paths := _version_folders(entry))}
    if models:
        return models
    if _version_folders(folder):
        raise ServerError(f"{expected}, but {folder} is itself a model: give the folder above it")
    names = ", ".join(entry.name for entry in entries[:_MAX_NAMES_SHOWN]) or "nothing"
    raise ServerError(f"{expected}, but found {names}{', …' if len(entries) > _MAX_NAMES_SHOWN else ''}")


def _version_folders(model: Path) -> dict[int, Path]:
    """Returns a model's version folders by number; of two names for one number (`1`, `01`) the shorter counts."""
    if not model.is_dir():
        return {}
    entries = sorted(model.iterdir(), key=lambda entry: len(entry.name), reverse=True)
    return {
        int(entry.name): entry
        for entry in entries
        if entry.name.isascii() and entry.name.isdecimal() and (entry / MODEL_FILE).is_file()
    }


def _load(name: str, number: int, path: Path, limits: Limits) -> Version:
    """Loads one version; one that does not load must not keep the others from being served."""
    try:
        return Version(number, load_version(name, number, path, limits), None)
    except LoadError as error:
        logger.error("Version %d of model %s does not load: %s", number, name, error.message)
        return Version(number, None, error)
