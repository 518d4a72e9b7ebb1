"""The versions of all models, and the one place that hands one out per request."""

import contextlib
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum

import tensorflow as tf

from serving.server.errors import RequestError, invalid_argument, not_found, unavailable
from serving.server.models.loading import LoadedVersion, LoadError


class State(Enum):
    """Where a version is in its life, by TensorFlow Serving's names."""

    START = "START"
    LOADING = "LOADING"
    AVAILABLE = "AVAILABLE"
    UNLOADING = "UNLOADING"
    END = "END"


@dataclass(frozen=True)
class Version:
    """A version of a model.

    Attributes:
        number: The version number.
        state: Only an available one answers requests.
        loaded: The loaded version while it is available or unloading.
        error: Why it did not load, or None.
    """

    number: int
    state: State
    loaded: LoadedVersion | None = None
    error: LoadError | None = None


@dataclass(frozen=True)
class Wishes:
    """What is asked to be served, be it there or not.

    Attributes:
        lacks: For every model what keeps it from being served as it is asked to be, in one line, empty where nothing
            does.
        is_loading: It is being loaded for the first time: a model that is not there yet will soon be.
        trouble: Why there is not one model, in one line; empty where none is asked for, or there are some.
    """

    lacks: Mapping[str, str] = field(default_factory=dict)
    is_loading: bool = False
    trouble: str = ""


class ModelRepository:
    """Knows the versions of all models, from many threads, and hands one out per request.

    Attributes:
        wishes: What is asked to be served; replaced as a whole, by the one thread that brings the models to it.
    """

    def __init__(self) -> None:
        """Begins without a model."""
        self.wishes = Wishes()
        self._lock = threading.Lock()
        self._models: dict[str, dict[int, Version]] = {}
        self._labels: dict[str, Mapping[str, int]] = {}

    def names(self) -> list[str]:
        """Returns the models' names, sorted."""
        with self._lock:
            return sorted(self._models)

    def knows(self, name: str) -> bool:
        """Tells whether there is a model of a name."""
        with self._lock:
            return name in self._models

    def versions(self, name: str) -> list[Version]:
        """Returns a model's versions, newest first; none where there is no such model."""
        with self._lock:
            found = self._models.get(name, {})
            return [found[number] for number in sorted(found, reverse=True)]

    def is_available(self, name: str, numbers: set[int] | None = None) -> bool:
        """Tells whether a version of a model answers requests: one of the numbers, or any."""
        return any(
            version.state is State.AVAILABLE and (numbers is None or version.number in numbers)
            for version in self.versions(name)
        )

    def put(self, name: str, version: Version) -> None:
        """Puts a version in the place of what is known of its number."""
        with self._lock:
            self._models.setdefault(name, {})[version.number] = version

    def set_labels(self, labels: Mapping[str, Mapping[str, int]]) -> None:
        """Replaces the labels of all models, from one moment to the next.

        Args:
            labels: Version numbers by model and label.

        Raises:
            RequestError: 400, a label is for a version that is not available; all labels stay as they were.
        """
        with self._lock:
            for name, numbers in labels.items():
                for number in numbers.values():
                    if not self._can_answer(name, number):
                        text = f"Request to assign label to version {number} of model {name}"
                        text += ", which is not currently available for inference"
                        raise RequestError(tf.errors.FAILED_PRECONDITION, text)
            self._labels = {name: dict(numbers) for name, numbers in labels.items()}

    def set_possible_labels(self, labels: Mapping[str, Mapping[str, int]]) -> dict[str, dict[str, int]]:
        """Replaces the labels of all models, as far as their versions are available; the others stay where they are.

        Args:
            labels: The same.

        Returns:
            The labels that wait for their version.
        """
        with self._lock:
            kept: dict[str, dict[str, int]] = {}
            waiting: dict[str, dict[str, int]] = {}
            for name, numbers in labels.items():
                old = self._labels.get(name, {})
                for label, number in numbers.items():
                    if self._can_answer(name, number) or old.get(label) == number:
                        kept.setdefault(name, {})[label] = number
                        continue
                    waiting.setdefault(name, {})[label] = number
                    if label in old:
                        kept.setdefault(name, {})[label] = old[label]
            self._labels = dict(kept)
            return waiting

    def find_label(self, name: str, label: str) -> int:
        """Returns the number of the version that has a label.

        Raises:
            RequestError: 400, no version has it.
        """
        with self._lock:
            return self._number_of(name, label)

    @contextlib.contextmanager
    def lease(self, name: str, number: int | None, label: str | None) -> Iterator[LoadedVersion]:
        """Hands out the version that answers a request, which stays loaded for as long as the context lasts.

        Args:
            name: The model's name.
            number: The version asked for; None for the newest one that is available.
            label: The version's label; never together with a number.

        Raises:
            RequestError: 400, unknown label; 404, no such model or version, or it is not available; 503, it is being
                loaded for the first time.
        """
        with contextlib.ExitStack() as held:
            # Found and held in one step: a version that is retired in between would be gone.
            with self._lock:
                wanted = self._number_of(name, label) if label is not None else number
                version = held.enter_context(self._find(name, wanted).in_use())
            yield version

    def check_loaded(self, name: str) -> None:
        """Checks that a model is past the time in which the server loads everything for the first time.

        Raises:
            RequestError: 503, it may be there soon. The real server does not listen before it has loaded everything.
        """
        wishes = self.wishes
        if wishes.is_loading and name in wishes.lacks and not self.is_available(name):
            raise _being_loaded(name)

    def _can_answer(self, name: str, number: int) -> bool:
        """Tells whether a version is available; whoever asks holds the lock."""
        version = self._models.get(name, {}).get(number)
        return version is not None and version.state is State.AVAILABLE

    def _number_of(self, name: str, label: str) -> int:
        """Returns the number of a label.

        Raises:
            RequestError: 400; 503 where it may be there soon.
        """
        number = self._labels.get(name, {}).get(label)
        if number is None and self.wishes.is_loading and name in self.wishes.lacks:
            raise _being_loaded(name)
        if number is None:
            raise invalid_argument(f"Unrecognized servable version label: {label}")
        return number

    def _find(self, name: str, number: int | None) -> LoadedVersion:
        """Returns the newest version that is available, or the one with the number.

        Raises:
            RequestError: 404; 503 where it may be there soon.
        """
        versions = self._models.get(name, {})
        for candidate in sorted(versions, reverse=True) if number is None else [number]:
            version = versions.get(candidate)
            if version is not None and version.state is State.AVAILABLE and version.loaded is not None:
                return version.loaded
        if self.wishes.is_loading and name in self.wishes.lacks:
            raise _being_loaded(name)
        wanted = f"Latest({name})" if number is None else f"Specific({name}, {number})"
        raise not_found(f"Servable not found for request: {wanted}")


def _being_loaded(name: str) -> RequestError:
    """Returns the error for a model that is not there yet."""
    return unavailable(f"Model {name} is being loaded")
