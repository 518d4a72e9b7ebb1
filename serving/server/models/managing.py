"""Keeps what is served as the folders and the configuration have it: loads what is new, then retires what is old."""

import gc
import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import tensorflow as tf

from serving.server.errors import RequestError, ServerError
from serving.server.limits import Limits
from serving.server.models.loading import LoadedVersion, LoadError, load_version
from serving.server.models.repository import ModelRepository, State, Version
from serving.server.models.sources import ModelSource, sources_in_config, version_folders
from serving.server.models.warm_up import warm_up

logger = logging.getLogger(__name__)

Stamp = tuple[tuple[str, int, int], ...]


class ModelManager:
    """Owns the life of all versions; whoever answers requests only sees the `repository`.

    A new version is loaded and warmed up beside the old ones, and answers from one moment to the next. Only then is
    retired what the policy no longer asks for, each version once the last request that it answers is done. A version
    that does not load leaves the others as they are, and is tried again when its files change.

    Attributes:
        repository: What is served.
    """

    def __init__(self, find_sources: Callable[[], list[ModelSource]], limits: Limits, poll_seconds: float) -> None:
        """Takes where the models come from; `load` loads them.

        Args:
            find_sources: Returns what is to be served now; may raise ServerError.
            limits: The thread counts for TensorFlow.
            poll_seconds: Time between two looks at the folders; 0 for never.
        """
        self.repository = ModelRepository()
        self._find_sources = find_sources
        self._limits = limits
        self._poll_seconds = poll_seconds
        self._changing = threading.Lock()
        self._is_stopped = threading.Event()
        self._poller = threading.Thread(target=self._poll, name="serving-poll", daemon=True)
        self._failed: dict[tuple[str, int], Stamp] = {}
        self._missing: set[str] = set()
        self._last_trouble = ""

    def load(self) -> None:
        """Loads what there is, and begins to look for changes.

        Raises:
            ServerError: There is no model, or not one version of any loads.
        """
        self._update()
        names = self.repository.names()
        versions = [version for name in names for version in self.repository.versions(name)]
        errors = [version.error for version in versions if version.error is not None]
        if not versions:
            raise ServerError("Expected a version of a model to serve, but there is none in any model's folder")
        if len(errors) == len(versions):
            raise ServerError(f"Not one of the {len(errors)} model versions of {', '.join(names)} loads; {errors[0]}")
        if self._poll_seconds > 0:
            self._poller.start()

    def reload(self, config: Any) -> None:
        """Serves what a `ModelServerConfig` message says from now on, and waits until it does.

        Raises:
            RequestError: 400, the configuration is not right, and nothing has changed; 500, one of its models has no
                version that loads.
        """
        sources = sources_in_config(config)
        self._update(lambda: sources)
        missing = [source.name for source in sources if not self._is_available(source.name)]
        if missing:
            raise RequestError(tf.errors.UNKNOWN, f"servable(s) did not become available: {', '.join(missing)}")

    def close(self) -> None:
        """Stops to look for changes and retires everything, each version once no request uses it."""
        self._is_stopped.set()
        if self._poller.is_alive():
            self._poller.join()
        for name in self.repository.names():
            for version in self.repository.versions(name):
                if version.loaded is not None:
                    version.loaded.retire()
        gc.unfreeze()

    def _poll(self) -> None:
        """Looks for changes until it is stopped; trouble is logged when it begins, and leaves everything as it is."""
        while not self._is_stopped.wait(self._poll_seconds):
            try:
                self._update()
                self._last_trouble = ""
            except (ServerError, OSError) as error:
                if str(error) != self._last_trouble:
                    logger.error("What is served stays as it is: %s", error)
                self._last_trouble = str(error)
            except Exception:
                logger.exception("Looking for new versions failed")

    def _update(self, find_sources: Callable[[], list[ModelSource]] | None = None) -> None:
        """Brings the repository to what the sources say, from now on those that are given.

        Raises:
            ServerError: There are none; nothing has changed.
        """
        with self._changing:
            self._find_sources = find_sources or self._find_sources
            sources = self._find_sources()
            before = self._states()
            self.repository.set_labels({source.name: source.labels for source in sources})
            for source in sources:
                self._update_model(source)
            for name in set(self.repository.names()) - {source.name for source in sources}:
                self._retire(name, keep=set())
            self._note_what_is_freed()
            if self._states() != before:
                _settle_memory()

    def _update_model(self, source: ModelSource) -> None:
        """Loads a model's new versions, newest first, then retires those that are no longer asked for."""
        if not source.folder.is_dir():
            if source.name not in self._missing:
                logger.error("The versions of %s stay as they are: %s is not there", source.name, source.folder)
            self._missing.add(source.name)
            return
        self._missing.discard(source.name)
        folders = version_folders(source.folder)
        chosen = source.policy.choose(set(folders))
        known = {version.number: version for version in self.repository.versions(source.name)}
        for number in sorted(chosen, reverse=True):
            if number not in known or known[number].state is State.END:
                self._load(source.name, number, folders[number])
        if not chosen or self._is_available(source.name, chosen):
            self._retire(source.name, keep=chosen)

    def _load(self, name: str, number: int, folder: Path) -> None:
        """Loads a version; one that does not load must not keep the others from being served."""
        stamp = _stamp(folder)
        if self._failed.get((name, number)) == stamp:
            return
        self._failed.pop((name, number), None)
        self.repository.put(name, Version(number, State.LOADING))
        try:
            loaded = _load_warm(name, number, folder, self._limits)
            self.repository.put(name, Version(number, State.AVAILABLE, loaded))
            logger.info("Version %d of model %s is available", number, name)
        except LoadError as error:
            logger.error("Version %d of model %s does not load: %s", number, name, error.message)
            self._failed[name, number] = stamp
            self.repository.put(name, Version(number, State.END, error=error))

    def _retire(self, name: str, keep: set[int]) -> None:
        """Retires the versions of a model that are not to be kept."""
        for version in self.repository.versions(name):
            if version.number not in keep and version.state is State.AVAILABLE and version.loaded is not None:
                self.repository.put(name, Version(version.number, State.UNLOADING, version.loaded))
                version.loaded.retire()
                logger.info("Version %d of model %s is retired", version.number, name)

    def _note_what_is_freed(self) -> None:
        """Lets go of the retired versions that no request uses any more."""
        for name in self.repository.names():
            for version in self.repository.versions(name):
                if version.state is State.UNLOADING and version.loaded is not None and version.loaded.is_closed:
                    self.repository.put(name, Version(version.number, State.END))

    def _is_available(self, name: str, numbers: set[int] | None = None) -> bool:
        """Tells whether a version of a model answers: one of the numbers, or any."""
        return any(
            version.state is State.AVAILABLE and (numbers is None or version.number in numbers)
            for version in self.repository.versions(name)
        )

    def _states(self) -> list[tuple[str, int, State]]:
        """Returns the states of all versions."""
        return [
            (name, version.number, version.state)
            for name in self.repository.names()
            for version in self.repository.versions(name)
        ]


def _load_warm(name: str, number: int, folder: Path, limits: Limits) -> LoadedVersion:
    """Loads a version and replays its recorded requests.

    Raises:
        LoadError: One of the two fails.
    """
    loaded = load_version(name, number, folder, limits)
    try:
        warm_up(loaded, folder)
    except LoadError:
        loaded.retire()
        raise
    return loaded


def _stamp(folder: Path) -> Stamp:
    """Returns what changes when a file of a version does: names, sizes and times of change."""
    stats = [(str(path), path.stat()) for path in sorted(folder.rglob("*")) if path.is_file()]
    return tuple((name, stat.st_size, stat.st_mtime_ns) for name, stat in stats)


def _settle_memory() -> None:
    """Frees what retired versions have left in circles, and keeps what is loaded out of the garbage collector's sight.

    TensorFlow's own objects outlive every request: out of sight, parsing a large body no longer pays for walking over
    them (a list of 160 by 160 by 3 in and out: 33 ms instead of 123).
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()
