"""The versions of one model after another: loads what is new, then retires what is no longer asked for."""

import gc
import logging
import threading
from pathlib import Path

from serving.server.limits import Limits
from serving.server.models.loading import LoadError
from serving.server.models.repository import ModelRepository, State, Version
from serving.server.models.sources import ModelSource, Stamp, describe_lack, find_versions, stamp
from serving.server.models.warm_up import load_warm

logger = logging.getLogger(__name__)


class Keeper:
    """Brings models to what their sources say; one thread at a time.

    A new version is loaded and warmed up beside the old ones, and answers from one moment to the next. Only then is
    retired what the policy no longer asks for, each version once the last request that it answers is done. A version
    that does not load leaves the others as they are, and is tried again when its files change. A model whose folder
    cannot be read stays as it is; one whose folder is read, and holds no version, goes: as in TensorFlow Serving.
    """

    def __init__(self, repository: ModelRepository, limits: Limits, is_stopped: threading.Event) -> None:
        """Takes where versions are put.

        Args:
            repository: What is served.
            limits: The thread counts for TensorFlow.
            is_stopped: Nothing more is loaded once it is set.
        """
        self._repository = repository
        self._limits = limits
        self._is_stopped = is_stopped
        self._failed: dict[tuple[str, int], Stamp] = {}

    def update(self, source: ModelSource) -> str:
        """Loads a model's new versions, newest first, then retires those that are no longer asked for.

        Returns:
            What keeps the model from being served as its source says, in one line; empty where nothing does, or where
            a version's own error says it.
        """
        try:
            folders = find_versions(source)
            chosen = source.policy.choose(set(folders))
            known = {version.number: version for version in self._repository.versions(source.name)}
            stamps = {
                number: stamp(folders[number])
                for number in sorted(chosen, reverse=True)
                if number not in known or known[number].state is not State.AVAILABLE
            }
        except OSError as error:
            return str(error)
        new = [number for number in stamps if self._failed.get((source.name, number)) != stamps[number]]
        for number in new:
            self._repository.put(source.name, Version(number, State.START))
        for number in new:
            if not self._is_stopped.is_set():
                self._load(source.name, number, folders[number], stamps[number])
        if new:
            gc.collect()
        if not chosen or self._repository.is_available(source.name, chosen):
            self.retire(source.name, keep=chosen)
        return describe_lack(source, set(folders))

    def retire(self, name: str, keep: set[int]) -> None:
        """Retires the versions of a model that are not to be kept."""
        for version in self._repository.versions(name):
            if version.number not in keep and version.state is State.AVAILABLE and version.loaded is not None:
                self._repository.put(name, Version(version.number, State.UNLOADING, version.loaded))
                version.loaded.retire()
                logger.info("Version %d of model %s is retired", version.number, name)

    def let_go(self) -> None:
        """Frees the retired versions that no request uses any more."""
        closed = [
            (name, version.number)
            for name in self._repository.names()
            for version in self._repository.versions(name)
            if version.state is State.UNLOADING and version.loaded is not None and version.loaded.is_closed
        ]
        for name, number in closed:
            self._repository.put(name, Version(number, State.END))
        if closed:
            gc.collect()

    def _load(self, name: str, number: int, folder: Path, files: Stamp) -> None:
        """Loads a version; one that does not load must not keep the others from being served."""
        self._repository.put(name, Version(number, State.LOADING))
        try:
            loaded = load_warm(name, number, folder, self._limits, self._is_stopped.is_set)
        except LoadError as error:
            if not self._is_stopped.is_set():
                logger.error("Version %d of model %s does not load: %s", number, name, error.message)
            self._failed[name, number] = files
            # Not the error itself: its traceback would keep what loading has left, as long as the error is shown.
            self._repository.put(name, Version(number, State.END, error=LoadError(error.code, error.message)))
        else:
            self._failed.pop((name, number), None)
            self._repository.put(name, Version(number, State.AVAILABLE, loaded))
            logger.info("Version %d of model %s is available", number, name)
