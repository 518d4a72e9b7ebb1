"""Warm-up: recorded requests are replayed before a version answers, and a bad recording keeps it from answering."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

from serving.server import Limits
from serving.server.models.loading import LoadError, load_version
from serving.server.models.warm_up import WARM_UP_FILE, warm_up


class Counter(tf.Module):
    """Counts how often it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.count = tf.Variable(0)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, "x")])
    def ask(self, x: tf.Tensor) -> dict[str, tf.Tensor]:
        """Answers how often it was asked before, for every row."""
        before = tf.identity(self.count)
        with tf.control_dependencies([before]):
            self.count.assign_add(1)
        return {"count": tf.fill(tf.shape(x), before)}


@pytest.fixture(scope="module")
def counter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An exported counter."""
    folder = tmp_path_factory.mktemp("counter") / "1"
    module = Counter()
    tf.saved_model.save(module, str(folder), signatures={"serving_default": module.ask})
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


GOOD = predict_log(x=np.zeros(2, np.float32))


def test_a_recording_is_replayed_before_the_first_request(version: Path, start: Callable[..., Any]) -> None:
    ignored = prediction_log_pb2.PredictionLog()
    ignored.regress_log.request.model_spec.name = "counter"
    record(version, GOOD, ignored, GOOD)
    server = start({"models": version.parents[1]})
    assert server.predict("counter", {"instances": [0.0]}).json == {"predictions": [2]}


@pytest.mark.parametrize(
    ("logs", "code", "reason"),
    [
        ([GOOD, predict_log(x=np.array(["text"]))], "INVALID_ARGUMENT", "string"),
        ([predict_log(y=np.zeros(1, np.float32))], "INVALID_ARGUMENT", "has no tensors"),
        ([GOOD] * 1001, "INVALID_ARGUMENT", "at most 1000 records"),
    ],
)
def test_a_recording_that_does_not_fit_keeps_the_version_from_loading(
    version: Path, logs: list[Any], code: str, reason: str
) -> None:
    record(version, *logs)
    loaded = load_version("counter", 1, version, Limits())
    with pytest.raises(LoadError, match=reason) as error:
        warm_up(loaded, version)
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
