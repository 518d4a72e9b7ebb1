"""Warm-up: the recorded requests that a version answers for nobody before it answers anyone."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import tensorflow as tf
from google.protobuf.message import DecodeError
from tensorflow_serving.apis import prediction_log_pb2

from serving.server.errors import RequestError, code_name, unimplemented
from serving.server.limits import Limits
from serving.server.models.examples import (
    ExampleVerb,
    example_inputs,
    find_example_signature,
    read_classifications,
    read_regressions,
    serialized_examples,
)
from serving.server.models.loading import LoadedVersion, LoadError, load_version
from serving.server.models.signatures import find_signature

WARM_UP_FILE = "assets.extra/tf_serving_warmup_requests"
# Source: WarmupConsts::kMaxNumRecords in TensorFlow Serving's warmup_util.h.
_MAX_RECORDS = 1000
# What a task of a MultiInferenceRequest asks.
_VERBS: dict[str, ExampleVerb] = {"tensorflow/serving/classify": "classify", "tensorflow/serving/regress": "regress"}


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
        LoadError: It fails, or is of a kind that TensorFlow Serving does not replay either.
    """
    try:
        with version.in_use():
            _answer(version, record)
    except RequestError as error:
        raise LoadError(code_name(error.code), f"A request of {path} fails: {error.message}") from error
    except (TypeError, ValueError) as error:
        raise LoadError("INVALID_ARGUMENT", f"A request of {path} has no tensors: {error}") from error


def _answer(version: LoadedVersion, record: prediction_log_pb2.PredictionLog) -> None:
    """Runs what a record asks for; one without a request asks nothing.

    Raises:
        RequestError: It cannot be answered.
        TypeError, ValueError: It has messages that hold no tensor.
    """
    kind = record.WhichOneof("log_type")
    if kind == "predict_log":
        request = record.predict_log.request
        signature = find_signature(version.signatures, request.model_spec.signature_name)
        left_out = signature.defaults.keys() - set(request.inputs)
        given = {name: tf.make_ndarray(request.inputs[name]) for name in signature.inputs if name not in left_out}
        version.run(signature, {**signature.defaults, **given})
    elif kind == "classify_log":
        request = record.classify_log.request
        _answer_examples(version, request.model_spec.signature_name, request.input, "classify")
    elif kind == "regress_log":
        request = record.regress_log.request
        _answer_examples(version, request.model_spec.signature_name, request.input, "regress")
    elif kind == "multi_inference_log":
        request = record.multi_inference_log.request
        for task in request.tasks:
            verb = _VERBS.get(task.method_name)
            if verb is None:
                raise unimplemented(f"Unsupported signature method_name: {task.method_name}")
            _answer_examples(version, task.model_spec.signature_name, request.input, verb)
    elif kind is not None:
        raise unimplemented(f"Unsupported log_type for warmup: {kind}")


def _answer_examples(version: LoadedVersion, name: str, examples: Any, verb: ExampleVerb) -> None:
    """Classifies or regresses the examples of an Input message.

    Raises:
        RequestError: They cannot be.
    """
    signature = find_example_signature(version.signatures, name, verb)
    serialized = serialized_examples(examples)
    outputs = version.run(signature, example_inputs(signature, serialized))
    read = read_classifications if verb == "classify" else read_regressions
    read(outputs, len(serialized))
