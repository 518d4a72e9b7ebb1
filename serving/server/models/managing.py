"""Keeps what is served as the folders and the configuration have it."""

import contextlib
import dataclasses
import gc
import threading
from collections.abc import Callable, Mapping
from typing import Any

import tensorflow as tf

from serving.server.errors import RequestError, ServerError, unavailable
from serving.server.limits import Limits
from serving.server.models.config_files import ConfigFile, sources_in_config
from serving.server.models.keeping import Keeper
from serving.server.models.outcomes import check_that_not_all_fail, describe_missing, describe_waiting
from serving.server.models.repeating import Repeated
from serving.server.models.repository import ModelRepository
from serving.server.models.sources import ModelSource, NoModelsError
from serving.server.models.troubles import Troubles

# Where nobody looks for new versions, this often is looked for retired ones whose last request is done.
_TIDY_SECONDS = 1.0
# What there may be trouble with, beside single models.
_SOURCES, _FILE, _LABELS = "What is served stays as it is", "The model config file is not taken", "A label has to wait"


class ModelManager:
    """Owns the life of all versions; whoever answers requests only sees the `repository`.

    What is asked for and not there is waited for, as the real server does, and said once: in the log, and in what
    `repository.wishes` says.

    Attributes:
        repository: What is served.
    """

    def __init__(
        self,
        find_sources: Callable[[], list[ModelSource]],
        limits: Limits,
        poll_seconds: float,
        config_file: ConfigFile | None = None,
        config_poll_seconds: float = 0.0,
    ) -> None:
        """Takes where the models come from; `find` looks for them, `load` loads them.

        Args:
            find_sources: Returns what is to be served now, at every look; may raise ServerError.
            limits: The thread counts for TensorFlow.
            poll_seconds: Time between two looks at the folders; 0 for never.
            config_file: Takes the place of `find_sources` whenever it is read.
            config_poll_seconds: Time between two readings of it; 0 for one reading.

        Raises:
            ServerError: A time is none that one can wait.
        """
        for seconds, what in ((poll_seconds, "looks for new versions"), (config_poll_seconds, "readings of the file")):
            if not 0 <= seconds <= threading.TIMEOUT_MAX:
                raise ServerError(f"Expected seconds between two {what}, or 0, got {seconds}")
        self.repository = ModelRepository()
        self._find_sources = find_sources
        self._config_file = config_file
        self._changing = threading.Lock()
        self._is_stopped = threading.Event()
        self._keeper = Keeper(self.repository, limits, self._is_stopped)
        self._troubles = Troubles()
        look = self._look if poll_seconds else self._tidy
        self._repeated = [Repeated("serving-poll", poll_seconds or _TIDY_SECONDS, look, self._is_stopped)]
        if config_file is not None and config_poll_seconds:
            self._repeated.append(
                Repeated("serving-config-poll", config_poll_seconds, self._read_again, self._is_stopped)
            )

    @property
    def is_stopped(self) -> bool:
        """Whether nothing is looked for, or loaded, any more."""
        return self._is_stopped.is_set()

    def find(self) -> None:
        """Finds what is to be loaded, and says so in the repository; until it is, its models are on their way.

        Raises:
            ServerError: What is given is no folder of models, or the config file is not right.
        """
        file = self._config_file
        if file is not None:
            file.read()
            self._find_sources = lambda: file.sources
        self._say(is_loading=True)
        with contextlib.suppress(NoModelsError):
            self._say(lacks={source.name: "" for source in self._sources()})

    def load(self) -> None:
        """Loads what there is, and begins to look for changes; returns early where it is told to stop.

        Raises:
            ServerError: As for `find`; or there are versions, and not one of them loads. Everything is freed.
        """
        # What the libraries have made outlives every request: out of the garbage collector's sight, parsing a large
        # body no longer pays for walking over it (a list of 160 by 160 by 3 in and out: 33 ms instead of 123).
        # Versions stay in sight. One is under a thousand objects for the collector, so that what a retired one leaves
        # in circles is found in some 6 ms, where looking through everything would hold up all requests for 200.
        gc.collect()
        gc.freeze()
        try:
            if not self.repository.wishes.is_loading:
                self.find()
            sources = self._update()
            if not self.is_stopped:
                check_that_not_all_fail(self.repository, sources)
        except NoModelsError as error:
            self._troubles.note(_SOURCES, str(error))
        except ServerError:
            self.close()
            raise
        finally:
            self._say(is_loading=False)
        for repeated in self._repeated:
            repeated.start()

    def reload(self, config: Any) -> None:
        """Serves what a `ModelServerConfig` message says from now on, and waits until it has tried to.

        As in TensorFlow Serving, a label can only be given to a version that is available before the reload.

        Raises:
            RequestError: 400, the configuration is not right, and nothing has changed; 503, everything is being loaded
                for the first time; 500, one of its models has no version that loads, but is served as soon as it has.
        """
        sources = sources_in_config(config)
        if self.repository.wishes.is_loading:
            raise unavailable("The models are being loaded")
        with self._changing:
            self.repository.set_labels(_labels(sources))
            self._find_sources = lambda: sources
            self._bring_to(sources)
            missing = [source for source in sources if not self.repository.is_available(source.name)]
        if missing:
            raise RequestError(tf.errors.UNKNOWN, describe_missing(self.repository, missing))

    def begin_stop(self) -> None:
        """Stops to look for changes, and to load after the version that is being loaded."""
        self._is_stopped.set()

    def close(self) -> None:
        """Does the same, and retires everything, each version once no request uses it."""
        self.begin_stop()
        for repeated in self._repeated:
            repeated.join()
        with self._changing:
            for name in self.repository.names():
                self._keeper.retire(name, keep=set())
        gc.unfreeze()

    def _look(self) -> None:
        """Looks for changes in the folders."""
        try:
            self._update()
            self._troubles.note(_SOURCES)
        except ServerError as error:
            self._troubles.note(_SOURCES, str(error))

    def _tidy(self) -> None:
        """Frees what has gone, where nobody looks for changes."""
        with self._changing:
            self._keeper.let_go()

    def _read_again(self) -> None:
        """Serves what the config file says now; as in the real server, also where it says the same after a reload."""
        if self._config_file is None:
            return
        try:
            says_something = self._config_file.read()
            self._troubles.note(_FILE)
        except ServerError as error:
            self._troubles.note(_FILE, str(error))
            return
        if says_something:
            with self._changing:
                sources = self._config_file.sources
                self._find_sources = lambda: sources
                self._bring_to(sources)

    def _sources(self) -> list[ModelSource]:
        """Returns what is to be served now.

        Raises:
            NoModelsError: There is not one model, which is said in the repository where it has none either.
            ServerError: It cannot be found out.
        """
        try:
            return self._find_sources()
        except NoModelsError as error:
            if not self.repository.wishes.lacks:
                self._say(trouble=str(error))
            raise
        except OSError as error:
            raise ServerError(f"Expected models, but their folder cannot be read: {error}") from error

    def _update(self) -> list[ModelSource]:
        """Brings the repository to what the sources say, and returns them; raises what looking for them raises."""
        with self._changing:
            sources = self._sources()
            self._bring_to(sources)
            return sources

    def _bring_to(self, sources: list[ModelSource]) -> None:
        """Serves the sources and nothing else, and says what is missing."""
        before = self.repository.wishes.lacks
        self._say(lacks={source.name: before.get(source.name, "") for source in sources}, trouble="")
        for source in sources:
            lack = self._keeper.update(source)
            self._say(lacks={**self.repository.wishes.lacks, source.name: lack})
            self._note_lack(source.name, lack)
        names = {source.name for source in sources}
        for name in before.keys() - names:
            self._note_lack(name, "")
        for name in set(self.repository.names()) - names:
            self._keeper.retire(name, keep=set())
        self._keeper.let_go()
        waiting = self.repository.set_possible_labels(_labels(sources))
        self._troubles.note(_LABELS, describe_waiting(waiting))

    def _say(self, **changes: Any) -> None:
        """Changes what the repository says of what is asked for."""
        self.repository.wishes = dataclasses.replace(self.repository.wishes, **changes)

    def _note_lack(self, name: str, lack: str) -> None:
        """Logs what a model lacks, once."""
        self._troubles.note(f"Model {name} is not served as it is asked to be", lack)


def _labels(sources: list[ModelSource]) -> dict[str, Mapping[str, int]]:
    """Returns the labels of all models."""
    return {source.name: source.labels for source in sources}
