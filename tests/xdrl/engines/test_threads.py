import threading
import time
from collections.abc import Callable

import pytest

from xdrl.engines.threads import ThreadEngine
from xdrl.messages import Counts, Gradients, Lesson, Report, Snapshot


class Counter:
    """Does nothing for a millisecond, again and again, until it fails."""

    def __init__(self, fail_at: int | None = None, error: BaseException | None = None) -> None:
        self.updates, self.fail_at, self.error = 0, fail_at, error
        self.threads: set[str] = set()
        self.is_closed = False

    def learn(self, snapshot: Snapshot) -> Lesson:
        self.threads.add(threading.current_thread().name)
        time.sleep(0.001)
        if self.updates == self.fail_at and self.error:
            raise self.error
        self.updates += 1
        return Lesson(0, 0, 5, [float(self.updates)], Gradients((), 1.0, 0.0, 0.0, 0.0), {})

    def close(self) -> None:
        self.is_closed = True


class Tally:
    """A learner that only counts."""

    def __init__(self) -> None:
        self.counts, self.lock = Counts(), threading.Lock()

    def snapshot(self) -> Snapshot:
        return Snapshot((), 0, self.counts.agent_steps)

    def take(self, lesson: Lesson) -> Report:
        with self.lock:
            self.counts = Counts(self.counts.agent_steps + lesson.num_steps)
        return Report(lesson, 0)


def engine_of(workers: list[Counter], is_over: Callable[[int], bool] = lambda _: False) -> ThreadEngine:
    return ThreadEngine(Tally(), lambda: workers, is_over)


def run(engine: ThreadEngine, limit: float = 20.0) -> None:
    deadline = time.monotonic() + limit
    while engine.wait(0.005):
        assert time.monotonic() < deadline, "the engine did not stop"


def live_workers() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("worker-")]


@pytest.fixture(autouse=True)
def no_thread_is_left():
    yield
    assert live_workers() == []


def test_every_worker_runs_in_a_thread_of_its_own_until_told_to_stop():
    workers = [Counter(), Counter(), Counter()]
    with engine_of(workers, lambda _: min(worker.updates for worker in workers) >= 5) as engine:
        run(engine)
        assert live_workers() == []
        reports = engine.drain()
    assert [worker.threads for worker in workers] == [{"worker-0"}, {"worker-1"}, {"worker-2"}]
    assert len(reports) == sum(worker.updates for worker in workers) >= 15
    assert engine.counts.agent_steps == 5 * len(reports)
    assert not any(worker.is_closed for worker in workers)
    engine.close()
    assert all(worker.is_closed for worker in workers)


def test_every_report_comes_once_and_in_order():
    worker = Counter()
    scores = []
    with engine_of([worker], lambda steps: steps >= 250) as engine:
        while engine.wait(0.002):
            scores += [report.lesson.scores[0] for report in engine.drain()]
        scores += [report.lesson.scores[0] for report in engine.drain()]
    assert scores == [float(number) for number in range(1, 51)]


@pytest.mark.parametrize("failing", [0, 1])
def test_a_worker_that_fails_stops_all_and_its_error_is_the_engines(failing: int):
    error = ZeroDivisionError("the seventh update")
    workers = [Counter(), Counter()]
    workers[failing] = Counter(fail_at=7, error=error)
    with pytest.raises(ZeroDivisionError, match="the seventh update") as caught:
        with engine_of(workers) as engine:
            run(engine)
    assert caught.value is error
    assert live_workers() == []
    assert "learn" in [entry.name for entry in caught.traceback]  # where it was raised


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt()], ids=repr)
def test_no_kind_of_failure_is_swallowed(error: BaseException):
    with pytest.raises(type(error)):
        with engine_of([Counter(), Counter(fail_at=0, error=error)]) as engine:
            run(engine)


def test_the_first_failure_is_the_one_that_is_raised():
    workers = [Counter(fail_at=0, error=ValueError("first")), Counter(fail_at=100, error=ValueError("second"))]
    with pytest.raises(ValueError, match="first"), engine_of(workers) as engine:
        run(engine)


@pytest.mark.parametrize("leave", [lambda: None, lambda: 1 / 0])
def test_leaving_ends_the_threads_whatever_the_reason(leave: Callable[[], object]):
    workers = [Counter(), Counter()]
    try:
        with engine_of(workers) as engine:
            assert engine.wait(0.01)
            assert len(live_workers()) == 2
            leave()
    except ZeroDivisionError:
        pass
    assert live_workers() == []
    done = [worker.updates for worker in workers]
    time.sleep(0.02)
    assert done == [worker.updates for worker in workers]


def test_nothing_runs_where_the_end_is_reached_already():
    workers = [Counter(), Counter()]
    with engine_of(workers, lambda _: True) as engine:
        run(engine)
        assert engine.drain() == []
    assert [worker.updates for worker in workers] == [0, 0]


def test_waiting_ends_with_its_time_while_workers_run():
    with engine_of([Counter()]) as engine:
        started = time.monotonic()
        assert engine.wait(0.05)
        assert 0.04 < time.monotonic() - started < 5
