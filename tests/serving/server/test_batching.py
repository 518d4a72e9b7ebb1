"""Requests that share a run: batches form, everyone gets their own rows, and nobody pays for a neighbour."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from serving.server import Limits
from serving.server.errors import RequestError
from serving.server.models.batching import Batcher
from serving.server.models.loading import LoadedVersion, load_version


class Crowd(tf.Module):
    """Says how large the batch was that a row ran in; a slow signature, one that fails, one without rows."""

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, "x")])
    def size(self, x: tf.Tensor) -> dict[str, tf.Tensor]:
        """Answers after a moment, so that others come meanwhile."""
        matrix = tf.while_loop(lambda i, _: i < 60, lambda i, m: (i + 1, m @ m), (0, tf.eye(300)))[1]
        return {"size": tf.fill(tf.shape(x), tf.size(x)), "x": x + 0 * matrix[0, 1]}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, "x")])
    def positive(self, x: tf.Tensor) -> dict[str, tf.Tensor]:
        """Fails for the whole batch where one number is negative."""
        with tf.control_dependencies([tf.debugging.Assert(tf.reduce_all(x >= 0), ["expected no negative number"])]):
            return {"x": self.size(x)["x"]}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, "x")])
    def total(self, x: tf.Tensor) -> dict[str, tf.Tensor]:
        """Answers one number for the whole batch, and says of it that it has rows."""
        one = tf.reshape(tf.reduce_sum(self.size(x)["x"]), [1])
        return {"total": tf.boolean_mask(one, tf.math.is_finite(one))}


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that serves the model."""
    folder = tmp_path_factory.mktemp("crowd")
    module = Crowd()
    signatures = {"serving_default": module.size, "positive": module.positive, "total": module.total}
    tf.saved_model.save(module, str(folder / "crowd" / "1"), signatures=signatures)
    return folder


@pytest.fixture(scope="module")
def version(crowd: Path) -> LoadedVersion:
    """The model, loaded."""
    return load_version("crowd", 1, crowd / "crowd" / "1", Limits())


def run_all(batcher: Batcher, version: LoadedVersion, name: str, rows: list[list[float]]) -> list[Any]:
    """Runs requests at the same time; returns the outputs of each, or its error."""
    gate = threading.Barrier(len(rows))

    def run(values: list[float]) -> Any:
        inputs = {"x": np.array(values, np.float32)}
        gate.wait()
        try:
            return batcher.run(version, version.signatures[name], inputs, time.monotonic() + 60)
        except RequestError as error:
            return error

    with ThreadPoolExecutor(len(rows)) as pool:
        return list(pool.map(run, rows))


def test_requests_that_come_together_run_together_and_get_their_own_rows(version: LoadedVersion) -> None:
    rows = [[float(index)] * (1 + index % 3) for index in range(40)]
    found = run_all(Batcher(Limits()), version, "serving_default", rows)
    assert [outputs["x"].tolist() for outputs in found] == rows
    sizes = {int(size) for outputs in found for size in outputs["size"]}
    assert 8 < max(sizes) <= 32


def test_a_batch_is_never_larger_than_the_limit_and_a_larger_request_runs_alone(version: LoadedVersion) -> None:
    rows = [[1.0], *([2.0] for _ in range(10)), [3.0] * 9]
    found = run_all(Batcher(Limits(max_batch_size=4)), version, "serving_default", rows)
    assert {int(size) for outputs in found[:-1] for size in outputs["size"]} <= {1, 2, 3, 4}
    assert found[-1]["size"].tolist() == [9] * 9


def test_a_lonely_request_does_not_wait(version: LoadedVersion) -> None:
    batcher = Batcher(Limits())
    outputs = batcher.run(
        version, version.signatures["serving_default"], {"x": np.zeros(2, np.float32)}, time.monotonic() + 60
    )
    assert outputs["size"].tolist() == [2, 2]


def test_a_bad_request_fails_alone(version: LoadedVersion) -> None:
    rows = [[float(index)] for index in range(16)]
    rows[5] = [-1.0]
    found = run_all(Batcher(Limits()), version, "positive", rows)
    assert isinstance(found[5], RequestError)
    assert (found[5].status, "expected no negative number" in found[5].message) == (400, True)
    assert [outputs["x"].tolist() for index, outputs in enumerate(found) if index != 5] == rows[:5] + rows[6:]


def test_a_signature_whose_outputs_are_no_rows_is_run_request_by_request(version: LoadedVersion) -> None:
    batcher = Batcher(Limits())
    for _ in range(2):
        found = run_all(batcher, version, "total", [[1.0], [2.0], [3.0, 4.0], [5.0]])
        assert [outputs["total"].tolist() for outputs in found] == [[1.0], [2.0], [7.0], [5.0]]


def test_a_request_whose_time_is_up_while_it_waits_is_not_run(version: LoadedVersion) -> None:
    batcher, signature = Batcher(Limits()), version.signatures["serving_default"]
    first = threading.Thread(
        target=lambda: batcher.run(version, signature, {"x": np.zeros(1, np.float32)}, time.monotonic() + 60)
    )
    first.start()
    time.sleep(0.005)
    with pytest.raises(RequestError, match="Deadline exceeded") as error:
        batcher.run(version, signature, {"x": np.zeros(1, np.float32)}, time.monotonic() + 0.001)
    assert error.value.status == 504
    first.join()
    outputs = batcher.run(version, signature, {"x": np.ones(1, np.float32)}, time.monotonic() + 60)
    assert outputs["size"].tolist() == [1]


@pytest.mark.parametrize("max_batch_size", [1, 32])
def test_200_requests_over_http_get_their_own_answers(
    crowd: Path, start: Callable[..., Any], max_batch_size: int
) -> None:
    server = start({"models": crowd}, max_batch_size=max_batch_size)
    with ThreadPoolExecutor(40) as pool:
        answers = list(pool.map(lambda index: server.predict("crowd", {"instances": [index, index + 0.5]}), range(200)))
    assert [[row["x"] for row in answer.json["predictions"]] for answer in answers] == [
        [index, index + 0.5] for index in range(200)
    ]
    sizes = {row["size"] for answer in answers for row in answer.json["predictions"]}
    assert (max(sizes) > 2) == (max_batch_size > 1)
