"""Warm-up: the recorded requests that a version answers for nobody before it answers anyone."""

import contextlib
import logging
from collections.abc import Callable
from pathlib import Path

import tensorflow as tf
from google.protobuf.message import DecodeError
from tensorflow_serving.apis import prediction_log_pb2

from serving.server.errors import RequestError, code_name
from serving.server.limits import Limits
from serving.server.models.loading import LoadedVersion, LoadError, load_version
from serving.server.models.signatures import find_signature

logger = logging.getLogger(__name__)

WARM_UP_FILE = "assets.extra/tf_serving_warmup_requests"
# Source: WarmupConsts::kMaxNumRecords in TensorFlow Serving's warmup_util.h.
_MAX_RECORDS = 1000


def load_warm(name: str, number: int, folder: Path, limits: Limits, is_stopped: Callable[[], bool]) -> LoadedVersion:
    """Loads a version and replays its recorded requests.

    Args:
        name: As for `load_version`, and so on.
        number: The same.
        folder: The same.
        limits: The same.
        is_stopped: Tells between two requests whether nobody waits for the version any more.

    Raises:
        LoadError: One of the two fails.
    """
    loaded = load_version(name, number, folder, limits)
    try:
        warm_up(loaded, folder, is_stopped)
    except LoadError:
        loaded.retire()
        raise
    except Exception as error:  # As in loading: whatever is wrong with the file, the other versions must go on.
        loaded.retire()
        raise LoadError("UNKNOWN", f"The requests of {folder / WARM_UP_FILE} fail: {error!r}") from error
    return loaded


def warm_up(version: LoadedVersion, folder: Path, is_stopped: Callable[[], bool]) -> None:
    """Replays a version's recorded requests, so that its first real one finds everything allocated and compiled.

    Args:
        version: Just loaded.
        folder: The version's; without a file of requests nothing is done.
        is_stopped: Tells between two requests whether nobody waits for the version any more.

    Raises:
        LoadError: The file is damaged or too long, or one of its requests fails, or takes longer than any request
            may: TensorFlow Serving does not serve such a version either. Or nobody waits.
    """
    path = folder / WARM_UP_FILE
    if not path.is_file():
        return
    records = tf.data.TFRecordDataset(str(path)).as_numpy_iterator()
    for count in range(_MAX_RECORDS + 1):
        record = _next(records, path)
        if record is None:
            return
        if count == _MAX_RECORDS:
            raise LoadError("INVALID_ARGUMENT", f"Expected at most {_MAX_RECORDS} records in {path}")
        if is_stopped():
            raise LoadError("CANCELLED", "The server stops")
        _replay(version, record, path)


def _next(records: "tf.data.NumpyIterator", path: Path) -> prediction_log_pb2.PredictionLog | None:
    """Returns the next recorded request, None behind the last one.

    Raises:
        LoadError: What is there is none.
    """
    expected = f"Expected recorded requests in {path}"
    try:
        return prediction_log_pb2.PredictionLog.FromString(next(records))
    except StopIteration:
        return None
    except tf.errors.OpError as error:
        raise LoadError(code_name(error.error_code), f"{expected}, in TFRecord format, got a damaged file") from error
    except DecodeError as error:
        raise LoadError("INVALID_ARGUMENT", f"{expected}, got a record that is no PredictionLog") from error


def _replay(version: LoadedVersion, record: prediction_log_pb2.PredictionLog, path: Path) -> None:
    """Answers one recorded request.

    Raises:
        LoadError: It fails.
    """
    if record.WhichOneof("log_type") != "predict_log":
        logger.warning("Only predictions are replayed of %s, not a %s", path, record.WhichOneof("log_type"))
        return
    request = record.predict_log.request
    with contextlib.ExitStack() as held:
        try:
            signature = find_signature(version.signatures, request.model_spec.signature_name)
            inputs = {name: tf.make_ndarray(request.inputs[name]) for name in signature.inputs}
            held.enter_context(version.in_use())
            version.run(signature, inputs)
        except RequestError as error:
            raise LoadError(code_name(error.code), f"A request of {path} fails: {error.message}") from error
        except (TypeError, ValueError) as error:
            raise LoadError("INVALID_ARGUMENT", f"A request of {path} has no tensors: {error}") from error
