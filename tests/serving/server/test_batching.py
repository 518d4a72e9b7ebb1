"""Requests that share a run: batches form, everyone gets their own rows, and nobody pays for a neighbour."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from serving.server import Batching, Limits
from serving.server.errors import RequestError
from serving.server.metrics import Metrics
from serving.server.models.batching import Batcher
from serving.server.models.loading import BATCHING_STATEMENT, LoadedVersion, load_version
from serving.server.models.running import Runner
from serving.server.models.runs import Run


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
    (folder / "crowd" / "1" / "assets.extra").mkdir()
    (folder / "crowd" / "1" / BATCHING_STATEMENT).write_text('{"independent_rows": true}')
    return folder


@pytest.fixture(scope="module")
def ranking(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that serves a model whose rows are candidates: each one's share depends on all of them."""
    folder = tmp_path_factory.mktemp("ranking")
    module = tf.Module()
    rank = tf.function(
        lambda score: {"share": tf.nn.softmax(score, axis=0)},
        input_signature=[tf.TensorSpec([None], tf.float32, "score")],
    )
    tf.saved_model.save(module, str(folder / "ranking" / "1"), signatures={"serving_default": rank})
    return folder


@pytest.fixture(scope="module")
def version(crowd: Path) -> LoadedVersion:
    """The model, loaded."""
    return load_version("crowd", 1, crowd / "crowd" / "1", Limits())


@pytest.fixture
def runs(version: LoadedVersion, monkeypatch: pytest.MonkeyPatch) -> list[list[float]]:
    """What each batch is made of that runs from now on."""
    batches, run = [], version.run

    def note_and_run(signature: Any, inputs: Any, seconds: float) -> Any:
        batches.append(inputs["x"].tolist())
        return run(signature, inputs, seconds)

    monkeypatch.setattr(version, "run", note_and_run)
    return batches


@pytest.fixture
def runner() -> Iterator[Runner]:
    """Runs requests in batches as they are by default."""
    with running(Batching()) as runner:
        yield runner


@contextlib.contextmanager
def running(batching: Batching | None) -> Iterator[Runner]:
    """Runs requests in batches, or each alone."""
    runner = Runner(batching, Limits(request_threads=8), Metrics(lambda name: True))
    yield runner
    runner.close()


def run_all(runner: Runner, version: LoadedVersion, name: str, rows: list[list[float]]) -> list[Any]:
    """Runs requests at the same time; returns the outputs of each, or its error."""
    gate = threading.Barrier(len(rows))

    def run(values: list[float]) -> Any:
        gate.wait()
        try:
            return ask(runner, version, name, values)
        except RequestError as error:
            return error

    with ThreadPoolExecutor(len(rows)) as pool:
        return list(pool.map(run, rows))


def test_requests_that_come_together_run_together_and_get_their_own_rows(
    runner: Runner, version: LoadedVersion
) -> None:
    rows = [[float(index)] * (1 + index % 3) for index in range(40)]
    found = run_all(runner, version, "serving_default", rows)
    assert [outputs["x"].tolist() for outputs in found] == rows
    sizes = {int(size) for outputs in found for size in outputs["size"]}
    assert 8 < max(sizes) <= 32


def test_a_batch_is_never_larger_than_the_limit_and_a_larger_request_runs_alone(version: LoadedVersion) -> None:
    rows = [[1.0], *([2.0] for _ in range(10)), [3.0] * 9]
    with running(Batching(max_batch_size=4)) as runner:
        found = run_all(runner, version, "serving_default", rows)
        larger = make_run(version, "serving_default", [1.0] * 5)
        runner.submit(larger)
        assert larger.outputs.result(60)["size"].tolist() == [5] * 5
    assert {int(size) for outputs in found[:-1] for size in outputs["size"]} <= {1, 2, 3, 4}
    assert found[-1]["size"].tolist() == [9] * 9


def test_without_batches_everyone_runs_alone(version: LoadedVersion) -> None:
    with running(None) as runner:
        found = run_all(runner, version, "serving_default", [[1.0]] * 8)
        later = [make_run(version, "serving_default", [2.0]) for _ in range(8)]
        for run in later:
            runner.submit(run)
        found += [run.outputs.result(60) for run in later]
        bad = make_run(version, "positive", [-1.0])
        runner.submit(bad)
        with pytest.raises(RequestError, match="expected no negative number"):
            bad.outputs.result(60)
    assert [outputs["size"].tolist() for outputs in found] == [[1]] * 16


def test_a_lonely_request_does_not_wait(runner: Runner, version: LoadedVersion) -> None:
    assert ask(runner, version, "serving_default", [0.0, 0.0])["size"].tolist() == [2, 2]


def test_a_bad_request_fails_alone(runner: Runner, version: LoadedVersion) -> None:
    rows = [[float(index)] for index in range(16)]
    rows[5] = [-1.0]
    found = run_all(runner, version, "positive", rows)
    assert isinstance(found[5], RequestError)
    assert (found[5].status, "expected no negative number" in found[5].message) == (400, True)
    assert [outputs["x"].tolist() for index, outputs in enumerate(found) if index != 5] == rows[:5] + rows[6:]


def test_a_signature_whose_outputs_are_no_rows_is_run_request_by_request(
    runner: Runner, version: LoadedVersion
) -> None:
    for _ in range(2):
        found = run_all(runner, version, "total", [[1.0], [2.0], [3.0, 4.0], [5.0]])
        assert [outputs["total"].tolist() for outputs in found] == [[1.0], [2.0], [7.0], [5.0]]


def test_a_request_whose_time_is_up_while_it_waits_is_not_run(
    runner: Runner, version: LoadedVersion, runs: list[list[float]]
) -> None:
    with busy(runner, version, "serving_default"), pytest.raises(TimeoutError):
        ask(runner, version, "serving_default", [0.0], seconds=0.001)
    assert ask(runner, version, "serving_default", [1.0])["size"].tolist() == [1]
    assert runs == [[0.0], [1.0]]


def test_a_request_that_nobody_waits_for_any_more_is_not_run(
    runner: Runner, version: LoadedVersion, runs: list[list[float]]
) -> None:
    with busy(runner, version, "serving_default"):
        given_up, kept = (make_run(version, "serving_default", [value]) for value in (1.0, 2.0))
        runner.submit(given_up)
        runner.submit(kept)
        assert given_up.outputs.cancel()
    assert kept.outputs.result(60)["x"].tolist() == [2.0]
    assert runs == [[0.0], [2.0]]


def test_a_request_that_cannot_begin_by_its_deadline_is_not_run(version: LoadedVersion) -> None:
    default, positive = "serving_default", "positive"
    with running(Batching(num_batch_threads=1)) as runner:
        late = make_run(version, default, [0.0], seconds=0.01)
        with busy(runner, version, positive):
            runner.submit(late)
            time.sleep(0.02)
        with pytest.raises(RequestError, match="Deadline exceeded") as error:
            late.outputs.result(60)
        assert error.value.status == 504
        assert ask(runner, version, default, [1.0])["size"].tolist() == [1]


def test_a_queue_is_bounded_and_whoever_finds_it_full_may_come_again(version: LoadedVersion) -> None:
    with running(Batching(max_batch_size=2, max_enqueued_batches=1)) as runner:
        with busy(runner, version, "serving_default"):
            waiting = make_run(version, "serving_default", [1.0, 2.0])
            runner.submit(waiting)
            with pytest.raises(RequestError, match=r"^The batching queue is full: 2 rows wait") as error:
                ask(runner, version, "serving_default", [3.0])
            assert error.value.status == 503
        assert waiting.outputs.result(60)["x"].tolist() == [1.0, 2.0]
        assert ask(runner, version, "serving_default", [3.0])["x"].tolist() == [3.0]


def test_two_signatures_do_not_share_a_batch(runner: Runner, version: LoadedVersion) -> None:
    with ThreadPoolExecutor(2) as pool:
        found = pool.map(
            lambda name: run_all(runner, version, name, [[1.0]] * 12 + [[-1.0]]), ["serving_default", "positive"]
        )
    sizes, checked = found
    assert [outputs["x"].tolist() for outputs in sizes] == [[1.0]] * 12 + [[-1.0]]
    assert isinstance(checked[-1], RequestError) and not any(isinstance(one, RequestError) for one in checked[:-1])


def test_200_requests_at_once_get_their_own_rows(runner: Runner, version: LoadedVersion) -> None:
    rows = [[index + 0.25] for index in range(200)]
    found = run_all(runner, version, "serving_default", rows)
    assert [outputs["x"].tolist() for outputs in found] == rows
    assert max(int(outputs["size"][0]) for outputs in found) == 32


def test_closing_waits_for_what_is_still_to_be_run(version: LoadedVersion) -> None:
    runs = [make_run(version, "serving_default", [float(index)]) for index in range(40)]
    with running(Batching(max_batch_size=4, max_enqueued_batches=10)) as runner:
        for run in runs:
            runner.submit(run)
    assert [run.outputs.result(0)["x"].tolist() for run in runs] == [[float(index)] for index in range(40)]


def test_nothing_is_left_behind(version: LoadedVersion) -> None:
    batcher = Batcher(Batching(), Metrics(lambda name: True))
    runs = [make_run(version, "positive", [value]) for value in [1.0] * 8 + [-1.0]]
    runs += [make_run(version, "total", [1.0]) for _ in range(8)]
    for run in runs:
        batcher.submit(run)
    batcher.close()
    assert batcher._queues == {}
    assert all(run.outputs.done() for run in runs)


def test_batching_that_could_not_run_anything_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^Batching\.max_batch_size must be positive, got 0$"):
        Batching(max_batch_size=0)
    assert Batching(batch_timeout_micros=0).batch_timeout_seconds == 0


@pytest.mark.parametrize(("batching", "count"), [(None, 60), ({}, 200), ({"max_batch_size": 8}, 100)])
def test_requests_over_http_get_their_own_answers(
    crowd: Path, start: Callable[..., Any], batching: dict[str, int] | None, count: int
) -> None:
    server = start({"models": crowd, "batching": batching})
    with ThreadPoolExecutor(24) as pool:
        answers = list(
            pool.map(lambda index: server.predict("crowd", {"instances": [index, index + 0.5]}), range(count))
        )
    assert [[row["x"] for row in answer.json["predictions"]] for answer in answers] == [
        [index, index + 0.5] for index in range(count)
    ]
    largest = max(row["size"] for answer in answers for row in answer.json["predictions"])
    assert largest == 2 if batching is None else 2 < largest <= batching.get("max_batch_size", 32)


@pytest.mark.parametrize("statement", [None, "{", "[]", '{"independent_rows": "yes"}'])
def test_clients_of_a_ranking_never_share_their_candidates(
    ranking: Path, start: Callable[..., Any], statement: str | None
) -> None:
    said = ranking / "ranking" / "1" / BATCHING_STATEMENT
    said.parent.mkdir(exist_ok=True)
    said.unlink(missing_ok=True)
    if statement is not None:
        said.write_text(statement)
    server = start({"models": ranking, "batching": {}})
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda index: server.predict("ranking", {"instances": [1, 1, index]}), range(40)))
    for index, answer in enumerate(answers):
        scores = np.exp(np.array([1, 1, index]) - max(index, 1))
        np.testing.assert_allclose(answer.json["predictions"], scores / scores.sum(), rtol=1e-5)


def test_rows_are_shared_without_a_word_where_that_is_asked_for(ranking: Path) -> None:
    loaded = load_version("ranking", 1, ranking / "ranking" / "1", Limits())
    run = Run(loaded, loaded.signatures["serving_default"], {"score": np.zeros(2, np.float32)}, time.monotonic() + 60)
    for only_stated, can_take in ((True, False), (False, True)):
        batcher = Batcher(Batching(only_stated=only_stated), Metrics(lambda name: True))
        assert batcher.can_take(run) is can_take
        batcher.close()


def make_run(version: LoadedVersion, name: str, values: list[float], seconds: float = 60) -> Run:
    """Returns one request's run."""
    return Run(version, version.signatures[name], {"x": np.array(values, np.float32)}, time.monotonic() + seconds)


def ask(runner: Runner, version: LoadedVersion, name: str, values: list[float], seconds: float = 60) -> Any:
    """Runs one request, and waits for it until its deadline."""
    run = make_run(version, name, values, seconds)
    runner.submit(run)
    try:
        return run.outputs.result(seconds)
    except TimeoutError:
        run.outputs.cancel()
        raise


@contextlib.contextmanager
def busy(runner: Runner, version: LoadedVersion, name: str) -> Iterator[None]:
    """Lets a request run for as long as this does; begins once it runs, its turn taken."""
    has_begun, may_end, run = threading.Event(), threading.Event(), version.run

    def tell_and_run(*arguments: Any) -> Any:
        has_begun.set()
        assert may_end.wait(60)
        return run(*arguments)

    first = make_run(version, name, [0.0])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(version, "run", tell_and_run)
        runner.submit(first)
        assert has_begun.wait(60)
        try:
            yield
        finally:
            may_end.set()
            first.outputs.result(60)
