"""Warm-up: recorded requests are replayed before a version answers, and a bad recording keeps it from answering."""

import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

from serving.server import Limits
from serving.server.models.loading import LoadError, load_version
from serving.server.models.managing import ModelManager
from serving.server.models.repository import State
from serving.server.models.sources import ModelSource
from serving.server.models.warm_up import WARM_UP_FILE, load_warm, warm_up


class Counter(tf.Module):
    """Counts how often it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.count = tf.Variable(0)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, "x")])
    def ask(self, x: tf.Tensor) -> dict[str, tf.Tensor]:
        """Answers how often it was asked before, for every row."""
        return {"count": tf.fill(tf.shape(x), self.counted())}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "inputs")])
    def classify(self, inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        """Says the same as the score of the only class."""
        return {"scores": tf.fill([tf.size(inputs), 1], tf.cast(self.counted(), tf.float32))}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "inputs")])
    def regress(self, inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        """Says the same as a value."""
        return {"outputs": tf.fill([tf.size(inputs)], tf.cast(self.counted(), tf.float32))}

    def counted(self) -> tf.Tensor:
        """Counts one more time, and returns how many there were before."""
        before = tf.identity(self.count)
        with tf.control_dependencies([before]):
            self.count.assign_add(1)
        return before


@pytest.fixture(scope="module")
def counter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An exported counter."""
    folder = tmp_path_factory.mktemp("counter") / "1"
    module = Counter()
    signatures = {"serving_default": module.ask, "classify": module.classify, "regress": module.regress}
    tf.saved_model.save(module, str(folder), signatures=signatures)
    return folder


@pytest.fixture
def version(counter: Path, tmp_path: Path) -> Path:
    """Version 1 of the counter, to write recordings into."""
    shutil.copytree(counter, tmp_path / "models" / "counter" / "1")
    return tmp_path / "models" / "counter" / "1"


def predict_log(**inputs: np.ndarray) -> prediction_log_pb2.PredictionLog:
    """Returns a recorded prediction."""
    log = prediction_log_pb2.PredictionLog()
    for name, array in inputs.items():
        log.predict_log.request.inputs[name].CopyFrom(tf.make_tensor_proto(array))
    return log


def record(version: Path, *logs: prediction_log_pb2.PredictionLog) -> None:
    """Writes a recording."""
    (version / WARM_UP_FILE).parent.mkdir(exist_ok=True)
    with tf.io.TFRecordWriter(str(version / WARM_UP_FILE)) as writer:
        for log in logs:
            writer.write(log.SerializeToString())


def examples_log(kind: str, signature: str, method: str = "") -> prediction_log_pb2.PredictionLog:
    """Returns a recorded `classify` or `regress`, or a `multi_inference` with a task of each, of one example."""
    log = prediction_log_pb2.PredictionLog()
    request = getattr(log, f"{kind}_log").request
    request.input.example_list.examples.add()
    spec = request.tasks.add(method_name=method).model_spec if kind == "multi_inference" else request.model_spec
    spec.name, spec.signature_name = "counter", signature
    return log


GOOD = predict_log(x=np.zeros(2, np.float32))
METHODS = "tensorflow/serving"


def test_a_recording_is_replayed_before_the_first_request(version: Path, start: Callable[..., Any]) -> None:
    record(version, GOOD, prediction_log_pb2.PredictionLog(), GOOD)
    server = start({"models": version.parents[1]})
    assert server.predict("counter", {"instances": [0.0]}).json == {"predictions": [2]}


def test_classifications_and_regressions_are_replayed_as_well(version: Path, start: Callable[..., Any]) -> None:
    both = examples_log("multi_inference", "classify", f"{METHODS}/classify")
    task = both.multi_inference_log.request.tasks.add(method_name=f"{METHODS}/regress")
    task.model_spec.signature_name = "regress"
    record(version, examples_log("classify", "classify"), examples_log("regress", "regress"), both)
    server = start({"models": version.parents[1]})
    assert server.predict("counter", {"instances": [0.0]}).json == {"predictions": [4]}


@pytest.mark.parametrize(
    ("logs", "code", "reason"),
    [
        ([GOOD, predict_log(x=np.array(["text"]))], "INVALID_ARGUMENT", "string"),
        ([predict_log(y=np.zeros(1, np.float32))], "INVALID_ARGUMENT", "has no tensors"),
        ([GOOD] * 1001, "INVALID_ARGUMENT", "at most 1000 records"),
        ([examples_log("classify", "regress")], "INVALID_ARGUMENT", "outputs to contain at least one of"),
        ([examples_log("regress", "none")], "INVALID_ARGUMENT", "No signature was found with the name: none"),
        ([examples_log("multi_inference", "regress", "other")], "UNIMPLEMENTED", "Unsupported signature method_name"),
        ([prediction_log_pb2.PredictionLog(session_run_log={})], "UNIMPLEMENTED", "session_run_log"),
    ],
)
def test_a_recording_that_does_not_fit_keeps_the_version_from_loading(
    version: Path, logs: list[Any], code: str, reason: str
) -> None:
    record(version, *logs)
    loaded = load_version("counter", 1, version, Limits())
    with pytest.raises(LoadError, match=reason) as error:
        warm_up(loaded, version, lambda: False)
    assert error.value.code == code
    loaded.retire()


def test_a_damaged_recording_keeps_the_version_from_loading(version: Path, start: Callable[..., Any]) -> None:
    shutil.copytree(version, version.with_name("2"))
    (version.with_name("2") / WARM_UP_FILE).parent.mkdir(exist_ok=True)
    (version.with_name("2") / WARM_UP_FILE).write_bytes(b"damaged recording of nothing")
    server = start({"models": version.parents[1]})
    assert (server.summary["models"][0]["versions"], server.summary["models"][0]["failed_versions"]) == ([1], [2])
    status = server.ask("GET", "/v1/models/counter/versions/2").json["model_version_status"][0]
    assert (status["state"], status["status"]["error_code"]) == ("END", "DATA_LOSS")
    assert "Expected recorded requests" in status["status"]["error_message"]


def test_a_record_that_is_no_request_keeps_the_version_from_loading(version: Path) -> None:
    (version / WARM_UP_FILE).parent.mkdir()
    with tf.io.TFRecordWriter(str(version / WARM_UP_FILE)) as writer:
        writer.write(b"\xff no message")
    with pytest.raises(LoadError, match="a record that is no PredictionLog") as error:
        load_warm("counter", 1, version, Limits(), lambda: False)
    assert error.value.code == "INVALID_ARGUMENT"


def add_slow_version(models: Path, tmp_path: Path, folder: Path) -> None:
    """Puts a version 2 in place that takes minutes to warm up."""
    shutil.copytree(models / "scaler" / "2", tmp_path / "aside")
    spin = predict_log(rounds=np.array([300], np.int64))
    spin.predict_log.request.model_spec.signature_name = "spin"
    record(tmp_path / "aside", *[spin] * 1000)
    (tmp_path / "aside").rename(folder / "2")


def wait_for(condition: Callable[[], bool]) -> None:
    """Waits until a condition holds."""
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_version_starts_loads_and_ends_or_is_available(models: Path, tmp_path: Path) -> None:
    shutil.copytree(models / "scaler" / "1", tmp_path / "scaler" / "1")
    add_slow_version(models, tmp_path, tmp_path / "scaler")
    manager = ModelManager(lambda: [ModelSource("scaler", tmp_path / "scaler")], Limits(), 0)
    loading = threading.Thread(target=manager.load)
    loading.start()

    def states() -> list[State]:
        return [version.state for version in manager.repository.versions("scaler")]

    wait_for(lambda: states() == [State.LOADING, State.START])
    manager.close()
    loading.join()
    newest, oldest = manager.repository.versions("scaler")
    assert newest.error is not None
    assert (newest.state, newest.error.code) == (State.END, "CANCELLED")
    assert oldest.state is State.START, "what has not begun when the server stops does not begin"


def test_while_a_new_version_warms_up_the_old_one_answers_and_a_stop_does_not_wait_for_it(
    models: Path, tmp_path: Path, start: Callable[..., Any]
) -> None:
    folder = tmp_path / "models" / "scaler"
    shutil.copytree(models / "scaler" / "1", folder / "1")
    server = start({"models": folder.parent, "poll_seconds": 0.1})
    add_slow_version(models, tmp_path, folder)

    def states() -> list[str]:
        entries = server.ask("GET", "/v1/models/scaler").json["model_version_status"]
        return [entry["state"] for entry in entries]

    wait_for(lambda: states() == ["LOADING", "AVAILABLE"])
    time.sleep(1)
    assert states() == ["LOADING", "AVAILABLE"]
    assert server.predict("scaler", {"instances": [[1.0, 1.0]]}).json == {"predictions": [[2.0, 2.0]]}
    began = time.monotonic()
    server.process.terminate()
    output, _ = server.process.communicate(timeout=60)
    assert (server.process.returncode, output) == (0, "answered\nstopped\n")
    assert time.monotonic() - began < 20
