import threading
import time
from collections.abc import Generator

import pytest

from xdrl.streams import merge_in_threads


def count(name: str, numbers: int, ended: list[str] | None = None) -> Generator[str | None, None, None]:
    try:
        for number in range(numbers):
            yield None
            yield f"{name}{number}"
    finally:
        if ended is not None:
            ended.append(name)


@pytest.mark.parametrize("names", ["a", "ab", "abc"])
def test_every_item_comes_once_and_in_its_streams_order(names: str):
    found = list(merge_in_threads([count(name, 50) for name in names]))
    for name in names:
        assert [item for item in found if item[0] == name] == [f"{name}{number}" for number in range(50)]
    assert len(found) == 50 * len(names)


def test_streams_run_side_by_side():
    meeting = threading.Barrier(2, timeout=20)

    def meet() -> Generator[int, None, None]:
        yield meeting.wait()

    assert sorted(merge_in_threads([meet(), meet()])) == [0, 1]


def test_stopping_early_ends_streams_that_have_nothing_yet():
    ended: list[str] = []

    def wait_on() -> Generator[str | None, None, None]:
        try:
            while True:
                time.sleep(0.001)
                yield None
        finally:
            ended.append("waiting")

    merged = merge_in_threads([count("a", 3, ended), wait_on()])
    assert next(merged) == "a0"
    merged.close()
    assert sorted(ended) == ["a", "waiting"]


def test_a_streams_failure_is_the_callers_and_ends_the_others():
    ended: list[str] = []

    def fail() -> Generator[str, None, None]:
        yield "one"
        raise ValueError("no more")

    with pytest.raises(ValueError, match="no more"):
        list(merge_in_threads([fail(), count("a", 10**9, ended)]))
    assert ended == ["a"]
