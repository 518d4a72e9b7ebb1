import threading
import time
from collections.abc import Callable

import pytest

from xdrl.engines.threads import ThreadEngine
from xdrl.learner import Gradients
from xdrl.workers import Report


class Counter:
    """Does nothing for a millisecond, again and again, until it fails."""

    def __init__(self, fail_at: int | None = None, error: BaseException | None = None) -> None:
        self.updates, self.fail_at, self.error = 0, fail_at, error
        self.threads: set[str] = set()

    def update(self) -> Report:
        self.threads.add(threading.current_thread().name)
        time.sleep(0.001)
        if self.updates == self.fail_at and self.error:
            raise self.error
        self.updates += 1
        return Report(5, [float(self.updates)], Gradients((), 1.0, 0.0, 0.0, 0.0), 0)


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
    with ThreadEngine(workers, lambda: min(worker.updates for worker in workers) >= 5) as engine:
        run(engine)
        assert live_workers() == []
        reports = engine.drain()
    assert [worker.threads for worker in workers] == [{"worker-0"}, {"worker-1"}, {"worker-2"}]
    assert len(reports) == sum(worker.updates for worker in workers) >= 15


def test_every_report_comes_once_and_in_order():
    worker = Counter()
    scores = []
    with ThreadEngine([worker], lambda: worker.updates >= 50) as engine:
        while engine.wait(0.002):
            scores += [report.scores[0] for report in engine.drain()]
        scores += [report.scores[0] for report in engine.drain()]
    assert scores == [float(number) for number in range(1, 51)]


@pytest.mark.parametrize("failing", [0, 1])
def test_a_worker_that_fails_stops_all_and_its_error_is_the_engines(failing: int):
    error = ZeroDivisionError("the seventh update")
    workers = [Counter(), Counter()]
    workers[failing] = Counter(fail_at=7, error=error)
    with pytest.raises(ZeroDivisionError, match="the seventh update") as caught:
        with ThreadEngine(workers, lambda: False) as engine:
            run(engine)
    assert caught.value is error
    assert live_workers() == []
    assert "update" in [entry.name for entry in caught.traceback]  # where it was raised


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt()], ids=repr)
def test_no_kind_of_failure_is_swallowed(error: BaseException):
    with pytest.raises(type(error)):
        with ThreadEngine([Counter(), Counter(fail_at=0, error=error)], lambda: False) as engine:
            run(engine)


def test_the_first_failure_is_the_one_that_is_raised():
    workers = [Counter(fail_at=0, error=ValueError("first")), Counter(fail_at=100, error=ValueError("second"))]
    with pytest.raises(ValueError, match="first"), ThreadEngine(workers, lambda: False) as engine:
        run(engine)


@pytest.mark.parametrize("leave", [lambda: None, lambda: 1 / 0])
def test_leaving_ends_the_threads_whatever_the_reason(leave: Callable[[], object]):
    workers = [Counter(), Counter()]
    try:
        with ThreadEngine(workers, lambda: False) as engine:
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
    with ThreadEngine(workers, lambda: True) as engine:
        run(engine)
        assert engine.drain() == []
    assert [worker.updates for worker in workers] == [0, 0]


def test_waiting_ends_with_its_time_while_workers_run():
    with ThreadEngine([Counter()], lambda: False) as engine:
        started = time.monotonic()
        assert engine.wait(0.05)
        assert 0.04 < time.monotonic() - started < 5
