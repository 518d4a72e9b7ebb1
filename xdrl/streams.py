"""Several streams of results become one, each computed in a thread of its own."""

import queue
import threading
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from typing import TypeVar

Item = TypeVar("Item")


def merge_in_threads(streams: Sequence[Generator[Item | None, None, None]]) -> Iterator[Item]:
    """Runs streams side by side; a single one runs in the caller's thread.

    Args:
        streams: each is used, and closed, by one thread. They yield None where they have nothing yet, so that they
            can be ended there.

    Yields:
        their items as they come.

    Raises:
        BaseException: whatever a stream failed with, as it was raised there; the others have ended then.
    """
    if len(streams) == 1:
        yield from (item for item in streams[0] if item is not None)
        return
    found: queue.SimpleQueue[tuple[str, Item | BaseException | None]] = queue.SimpleQueue()
    should_stop = threading.Event()

    def run(stream: Generator[Item | None, None, None]) -> None:
        try:
            with closing(stream):
                for item in stream:
                    if should_stop.is_set():
                        break
                    if item is not None:
                        found.put(("item", item))
            found.put(("end", None))
        except BaseException as error:  # raised again in the caller's thread
            found.put(("error", error))

    threads = [threading.Thread(target=run, args=(stream,), daemon=True) for stream in streams]
    for thread in threads:
        thread.start()
    running = len(threads)
    try:
        while running:
            kind, value = found.get()
            if kind == "error":
                raise value  # type: ignore[misc]
            if kind == "end":
                running -= 1
            else:
                yield value  # type: ignore[misc]
    finally:
        should_stop.set()
        for thread in threads:
            thread.join()
