"""From threads into the event loop: what many threads, or one of them for many requests, have done."""

import asyncio
import contextlib
import threading
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")


class Arrivals:
    """Lets coroutines wait for threads; what is done at about the same time wakes the event loop once.

    `asyncio.wrap_future` wakes it for each: a thread that hands out a batch loses the interpreter at each.
    """

    def __init__(self) -> None:
        """Begins with nothing done."""
        self._lock = threading.Lock()
        self._arrived: list[asyncio.Future[None]] = []

    async def wait(self, work: "Future[T]") -> T:
        """Returns what work gives, or raises what it raises; cancels it if it is not waited for any longer."""
        arrival = asyncio.get_running_loop().create_future()
        work.add_done_callback(lambda _: self._put(arrival))
        try:
            await arrival
        except asyncio.CancelledError:
            work.cancel()
            raise
        return work.result()

    def _put(self, arrival: "asyncio.Future[None]") -> None:
        """Notes that something is done; in any thread."""
        with self._lock:
            self._arrived.append(arrival)
            is_first = len(self._arrived) == 1
        if is_first:
            # A run may outlive the server's loop, where nobody waits for it any more.
            with contextlib.suppress(RuntimeError):
                arrival.get_loop().call_soon_threadsafe(self._take)

    def _take(self) -> None:
        """Lets go on whoever waited for it."""
        with self._lock:
            arrived, self._arrived = self._arrived, []
        for arrival in arrived:
            if not arrival.done():
                arrival.set_result(None)
