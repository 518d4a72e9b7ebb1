"""Keeps what is served as the folders and the configuration have it: loads what is new, then retires what is old."""

import gc
import logging
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import tensorflow as tf

from serving.server.errors import RequestError, ServerError
from serving.server.limits import Limits
from serving.server.models.loading import LoadError
from serving.server.models.repository import ModelRepository, State, Version
from serving.server.models.sources import ModelSource, Stamp, check_folder, sources_in_config, stamp, version_folders
from serving.server.models.warm_up import load_warm

logger = logging.getLogger(__name__)

# Where nobody looks for new versions, this often is looked for retired ones whose last request is done.
_TIDY_SECONDS = 1.0


class ModelManager:
    """Owns the life of all versions; whoever answers requests only sees the `repository`.

    A new version is loaded and warmed up beside the old ones, and answers from one moment to the next. Only then is
    retired what the policy no longer asks for, each version once the last request that it answers is done. A version
    that does not load leaves the others as they are, and is tried again when its files change. A model whose folder
    cannot be read stays as it is; one whose folder is read, and holds no version, goes: as in TensorFlow Serving.

    Attributes:
        repository: What is served.
    """

    def __init__(self, find_sources: Callable[[], list[ModelSource]], limits: Limits, poll_seconds: float) -> None:
        """Takes where the models come from; `load` loads them.

        Args:
            find_sources: Returns what is to be served now; may raise ServerError.
            limits: The thread counts for TensorFlow.
            poll_seconds: Time between two looks at the folders; 0 for never.

        Raises:
            ServerError: The time is none that one can wait.
        """
        if not 0 <= poll_seconds <= threading.TIMEOUT_MAX:
            raise ServerError(f"Expected seconds between two looks for new versions, or 0, got {poll_seconds}")
        self.repository = ModelRepository()
        self._find_sources = find_sources
        self._limits = limits
        self._poll_seconds = poll_seconds
        self._changing = threading.Lock()
        self._is_stopped = threading.Event()
        self._poller = threading.Thread(target=self._poll, name="serving-poll", daemon=True)
        self._failed: dict[tuple[str, int], Stamp] = {}
        self._trouble: dict[str, str] = {}

    def load(self) -> None:
        """Loads what there is, and begins to look for changes.

        Raises:
            ServerError: There is no model, or not one version of any loads, or a label is for a version that is not
                available; everything is freed.
        """
        # What the libraries have made outlives every request: out of the garbage collector's sight, parsing a large
        # body no longer pays for walking over it (a list of 160 by 160 by 3 in and out: 33 ms instead of 123).
        # Versions stay in sight. One is under a thousand objects for the collector, so that what a retired one leaves
        # in circles is found in some 6 ms, where looking through everything would hold up all requests for 200.
        gc.collect()
        gc.freeze()
        try:
            sources = self._update()
            self._check_that_one_loaded(sources)
            self.repository.set_labels(_labels(sources))
        except (ServerError, RequestError) as error:
            self.close()
            raise ServerError(str(error)) from error
        self._poller.start()

    def reload(self, config: Any) -> None:
        """Serves what a `ModelServerConfig` message says from now on, and waits until it does.

        As in TensorFlow Serving, a label can only be given to a version that is available before the reload.

        Raises:
            RequestError: 400, the configuration is not right, and nothing has changed; 500, one of its models has no
                version that loads.
        """
        sources = sources_in_config(config)
        for source in sources:
            check_folder(source)
        with self._changing:
            self.repository.set_labels(_labels(sources))
            self._find_sources = lambda: sources
            self._bring_to(sources)
        missing = [source for source in sources if not self.repository.is_available(source.name)]
        if missing:
            text = f"servable(s) did not become available: {_names(missing)}"
            raise RequestError(tf.errors.UNKNOWN, "; ".join([text, *map(str, self._errors(missing))]))

    def close(self) -> None:
        """Stops to look for changes and retires everything, each version once no request uses it."""
        self._is_stopped.set()
        if self._poller.is_alive():
            self._poller.join()
        with self._changing:
            for name in self.repository.names():
                self._retire(name, keep=set())
        gc.unfreeze()

    def _poll(self) -> None:
        """Looks for changes until it is stopped."""
        while not self._is_stopped.wait(self._poll_seconds or _TIDY_SECONDS):
            try:
                if self._poll_seconds:
                    self._update()
                else:
                    with self._changing:
                        self._let_go()
                self._note_trouble("")
            except ServerError as error:
                self._note_trouble("", str(error))
            except Exception:
                logger.exception("Looking for new versions failed")

    def _note_trouble(self, name: str, text: str = "") -> None:
        """Logs what keeps a model (no name: all of them) as it is, once when it begins; no text where nothing does."""
        if text and text != self._trouble.get(name):
            logger.error("What is served%s stays as it is: %s", name and f" as {name}", text)
        self._trouble[name] = text

    def _update(self) -> list[ModelSource]:
        """Brings the repository to what the sources say, and returns them; where there are none, raises ServerError."""
        with self._changing:
            try:
                sources = self._find_sources()
            except OSError as error:
                raise ServerError(f"Expected models, but their folder cannot be read: {error}") from error
            self._bring_to(sources)
            return sources

    def _bring_to(self, sources: list[ModelSource]) -> None:
        """Serves the sources and nothing else."""
        for source in sources:
            try:
                self._update_model(source)
                self._note_trouble(source.name)
            except OSError as error:
                self._note_trouble(source.name, str(error))
        for name in set(self.repository.names()) - {source.name for source in sources}:
            self._retire(name, keep=set())
        self._let_go()

    def _update_model(self, source: ModelSource) -> None:
        """Loads a model's new versions, newest first, then retires those that are no longer asked for.

        Raises:
            OSError: Its folder cannot be read; nothing has changed, or only some versions have been loaded.
        """
        if not source.folder.is_dir():
            raise FileNotFoundError(f"{source.folder} is not there")
        folders = version_folders(source.folder)
        chosen = source.policy.choose(set(folders))
        known = {version.number: version for version in self.repository.versions(source.name)}
        stamps = {
            number: stamp(folders[number])
            for number in sorted(chosen, reverse=True)
            if number not in known or known[number].state is not State.AVAILABLE
        }
        new = [number for number in stamps if self._failed.get((source.name, number)) != stamps[number]]
        for number in new:
            self.repository.put(source.name, Version(number, State.START))
        for number in new:
            self._load(source.name, number, folders[number], stamps[number])
        if new:
            gc.collect()
        if not chosen or self.repository.is_available(source.name, chosen):
            self._retire(source.name, keep=chosen)

    def _load(self, name: str, number: int, folder: Path, files: Stamp) -> None:
        """Loads a version; one that does not load must not keep the others from being served."""
        self.repository.put(name, Version(number, State.LOADING))
        try:
            loaded = load_warm(name, number, folder, self._limits, self._is_stopped.is_set)
        except LoadError as error:
            logger.error("Version %d of model %s does not load: %s", number, name, error.message)
            self._failed[name, number] = files
            # Not the error itself: its traceback would keep what loading has left, as long as the error is shown.
            self.repository.put(name, Version(number, State.END, error=LoadError(error.code, error.message)))
        else:
            self._failed.pop((name, number), None)
            self.repository.put(name, Version(number, State.AVAILABLE, loaded))
            logger.info("Version %d of model %s is available", number, name)

    def _retire(self, name: str, keep: set[int]) -> None:
        """Retires the versions of a model that are not to be kept."""
        for version in self.repository.versions(name):
            if version.number not in keep and version.state is State.AVAILABLE and version.loaded is not None:
                self.repository.put(name, Version(version.number, State.UNLOADING, version.loaded))
                version.loaded.retire()
                logger.info("Version %d of model %s is retired", version.number, name)

    def _let_go(self) -> None:
        """Frees the retired versions that no request uses any more."""
        closed = [
            (name, version.number)
            for name in self.repository.names()
            for version in self.repository.versions(name)
            if version.state is State.UNLOADING and version.loaded is not None and version.loaded.is_closed
        ]
        for name, number in closed:
            self.repository.put(name, Version(number, State.END))
        if closed:
            gc.collect()

    def _check_that_one_loaded(self, sources: list[ModelSource]) -> None:
        """Checks that there is something to serve.

        Raises:
            ServerError: There is not.
        """
        if any(self.repository.is_available(source.name) for source in sources):
            return
        errors = self._errors(sources)
        if not errors:
            raise ServerError("Expected a version of a model to serve, but there is none in any model's folder")
        raise ServerError(f"Not one of the {len(errors)} model versions of {_names(sources)} loads; {errors[0]}")

    def _errors(self, sources: list[ModelSource]) -> list[LoadError]:
        """Returns why versions of some models did not load."""
        versions = [version for source in sources for version in self.repository.versions(source.name)]
        return [version.error for version in versions if version.error is not None]


def _names(sources: list[ModelSource]) -> str:
    """Returns the models' names, for a message."""
    return ", ".join(source.name for source in sources)


def _labels(sources: list[ModelSource]) -> dict[str, Mapping[str, int]]:
    """Returns the labels of all models."""
    return {source.name: source.labels for source in sources}
