"""The end of work for a client that leaves before it has its answer."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from starlette.requests import ClientDisconnect, Request

# An answer that comes sooner needs nobody who watches.
_SECONDS_BEFORE_WATCHING = 0.05


@contextlib.asynccontextmanager
async def while_connected(request: Request) -> AsyncIterator[None]:
    """Ends what is done within as soon as the client has closed its connection.

    Args:
        request: Its body has been read.

    Raises:
        ClientDisconnect: The client has left.
    """
    working, loop = asyncio.current_task(), asyncio.get_running_loop()
    watching: list[asyncio.Task[None]] = []

    async def watch() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass
        working.cancel()  # type: ignore[union-attr]

    timer = loop.call_later(_SECONDS_BEFORE_WATCHING, lambda: watching.append(loop.create_task(watch())))
    try:
        yield
    except asyncio.CancelledError:
        if any(task.done() and not task.cancelled() for task in watching) and not working.uncancel():  # type: ignore[union-attr]
            raise ClientDisconnect from None
        raise
    finally:
        timer.cancel()
        for task in watching:
            task.cancel()
