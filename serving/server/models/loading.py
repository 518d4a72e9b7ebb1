"""One version of a model: a SavedModel loaded and run through TensorFlow's C++ session, as TensorFlow Serving does."""

import contextlib
import json
import logging
import math
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Self

import tensorflow as tf

from serving.server.errors import code_name, one_line, operation_message, unavailable
from serving.server.limits import Limits
from serving.server.models.calls import Call
from serving.server.models.signatures import Array, Signature, read_signature

logger = logging.getLogger(__name__)

_SERVING_TAG = "serve"
BATCHING_STATEMENT = "assets.extra/batching.json"


class LoadError(Exception):
    """A version does not load.

    Attributes:
        code: TensorFlow's name of the status code, such as `NOT_FOUND`.
        message: One line.
    """

    def __init__(self, code: str, message: str) -> None:
        """Keeps the code, and the message in one line."""
        self.code = code
        self.message = one_line(message)
        super().__init__(self.message)


class LoadedVersion:
    """A version that answers requests, from many threads at once, and is freed when it is retired and nobody uses it.

    Attributes:
        name: The model's name.
        number: The version number.
        path: The folder it was loaded from.
        signatures: The signatures by name.
        has_independent_rows: The export states that the answer to a row does not depend on the rows beside it.
    """

    def __init__(
        self,
        name: str,
        number: int,
        path: Path,
        signatures: Mapping[str, Signature],
        session: tf.compat.v1.Session,
        timeout_seconds: float,
        has_independent_rows: bool = False,
    ) -> None:
        """Takes over the session that holds the graph and its weights; each run may take so many seconds."""
        self.has_independent_rows = has_independent_rows
        self.name = name
        self.number = number
        self.path = path
        self.signatures = signatures
        self._session = session
        self._timeout_seconds = timeout_seconds
        self._calls: dict[int, Call] = {}
        self._preparing = threading.Lock()
        self._lock = threading.Lock()
        self._num_users = 0
        self._is_retired = False

    @contextlib.contextmanager
    def in_use(self) -> Iterator[Self]:
        """Keeps the session open for as long as the context lasts.

        Raises:
            RequestError: 503, the version has been retired.
        """
        with self._lock:
            if self._is_retired:
                raise unavailable(f"Version {self.number} of model {self.name} is no longer served")
            self._num_users += 1
        try:
            yield self
        finally:
            with self._lock:
                self._num_users -= 1
                is_last = self._is_retired and self._num_users == 0
            if is_last:
                self._session.close()

    @property
    def is_closed(self) -> bool:
        """Whether the version is retired and its session freed."""
        with self._lock:
            return self._is_retired and self._num_users == 0

    def retire(self) -> None:
        """Frees the session, once whoever uses it has done so; nobody may begin to use it from now on."""
        with self._lock:
            is_last = not self._is_retired and self._num_users == 0
            self._is_retired = True
        if is_last:
            self._session.close()

    def run(self, signature: Signature, inputs: Mapping[str, Array], seconds: float = math.inf) -> dict[str, Array]:
        """Runs a signature; the caller holds the version `in_use`.

        Args:
            signature: One of `signatures`.
            inputs: An array for each of its inputs, of the input's dtype and a shape that fits.
            seconds: How long somebody waits for the outputs; at most as long as any run may take.

        Returns:
            An array for each output.

        Raises:
            RequestError: With TensorFlow's status code, and what the operation said; 504, it took too long.
        """
        return self._call(signature)(inputs, seconds)

    def _call(self, signature: Signature) -> Call:
        """Returns what runs a signature, prepared when it is first asked for."""
        call = self._calls.get(id(signature))
        if call is None:
            with self._preparing:
                call = self._calls.get(id(signature))
                if call is None:
                    call = self._calls[id(signature)] = Call(self._session, signature, self._timeout_seconds)
        return call


def load_version(name: str, number: int, path: Path, limits: Limits) -> LoadedVersion:
    """Loads a SavedModel.

    Args:
        name: The model's name.
        number: The version number.
        path: The folder with `saved_model.pb`.
        limits: The longest time of a run, and TensorFlow's thread counts; those inside an operation, the first model
            of a process decides.

    Raises:
        LoadError: It does not load.
    """
    config = tf.compat.v1.ConfigProto(
        intra_op_parallelism_threads=limits.intra_op_threads,
        inter_op_parallelism_threads=limits.inter_op_threads,
        # All sessions would share as many threads as there are cores: as many long runs would stop every other model.
        use_per_session_threads=True,
    )
    session = tf.compat.v1.Session(graph=tf.Graph(), config=config)
    try:
        with _without_deprecation_notice():
            meta_graph = tf.compat.v1.saved_model.load(session, [_SERVING_TAG], str(path))
        signatures = {key: read_signature(meta_graph.signature_def[key]) for key in sorted(meta_graph.signature_def)}
    except Exception as error:  # Whatever is wrong with a file on disk, the other versions must go on.
        session.close()
        raise _load_error(error) from error
    return LoadedVersion(
        name, number, path, signatures, session, limits.deadline_seconds, _states_independent_rows(path)
    )


def _states_independent_rows(path: Path) -> bool:
    """Tells whether an export says `{"independent_rows": true}` in its `assets.extra/batching.json`."""
    try:
        stated = json.loads((path / BATCHING_STATEMENT).read_text("utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(stated, dict) and stated.get("independent_rows") is True


def _load_error(error: Exception) -> LoadError:
    """Returns a loader's exception with the status code TensorFlow Serving reports for it."""
    if isinstance(error, tf.errors.OpError):
        return LoadError(code_name(error.error_code), operation_message(error))
    # The Python half of the loader: OSError where the file cannot be parsed, RuntimeError where no graph has the tag,
    # ValueError where the weights are not there.
    code = {OSError: "DATA_LOSS", RuntimeError: "NOT_FOUND", ValueError: "NOT_FOUND"}.get(type(error), "UNKNOWN")
    return LoadError(code, str(error) or type(error).__name__)


@contextlib.contextmanager
def _without_deprecation_notice() -> Iterator[None]:
    """Keeps TensorFlow from logging that its session loader is deprecated: it is the one TensorFlow Serving uses."""

    def keep(record: logging.LogRecord) -> bool:
        return "is deprecated" not in record.getMessage()

    tensorflow_logger = tf.get_logger()
    tensorflow_logger.addFilter(keep)
    try:
        yield
    finally:
        tensorflow_logger.removeFilter(keep)
