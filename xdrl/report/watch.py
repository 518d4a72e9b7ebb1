"""Serves a live page: the agent plays in the browser until the page is closed, or a signal comes."""

import asyncio
import socket
from collections.abc import Callable

import uvicorn

from xdrl.agents import Agent
from xdrl.environments import find_protocol
from xdrl.errors import UserError
from xdrl.report.games import Games
from xdrl.report.guard import Guard
from xdrl.report.session import Session
from xdrl.signals import signals_that_stop

CLOSED_SECONDS = 5.0
"""How long no page has to be open for the server to stop: a page that is loaded anew is back sooner."""
_POLL_SECONDS = 0.05
_STOP_SECONDS = 2


def serve_watch(
    agent: Agent,
    host: str = "127.0.0.1",
    port: int = 8502,
    *,
    protocol_name: str = "standard",
    is_greedy: bool = False,
    seed: int = 0,
    stays: bool = False,
    on_ready: Callable[[str], None] = lambda url: None,
) -> None:
    """Lets an agent play in the browser until SIGINT or SIGTERM, or until the last page is closed.

    Args:
        agent: that plays; each open page has a game of its own.
        host: address to listen on.
        port: 0 takes a free one.
        protocol_name: how the game is played, of `xdrl.environments.PROTOCOL_NAMES`.
        is_greedy: take the most probable action; else draw from the policy.
        seed: of each page's first game.
        stays: go on when the last page is closed.
        on_ready: called once with the page's address, from another thread, when it can be opened.

    Raises:
        UserError: there is no such protocol, or the port cannot be had.
    """
    protocol = find_protocol(protocol_name, agent.game)

    def start_game() -> Session:
        return Session(agent, protocol, protocol_name, is_greedy=is_greedy, seed=seed)

    with _listen(host, port) as listening:
        called, bound = listening.getsockname()[:2]
        url = f"http://[{called}]:{bound}/" if ":" in called else f"http://{called}:{bound}/"
        asyncio.run(_serve(listening, host, agent.game.name, start_game, stays, lambda: on_ready(url)))


async def _serve(
    listening: socket.socket,
    host: str,
    game_name: str,
    start_game: Callable[[], Session],
    stays: bool,
    report: Callable[[], None],
) -> None:
    games = Games(game_name, start_game)
    server = uvicorn.Server(
        uvicorn.Config(
            Guard(games.application, host),
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=_STOP_SECONDS,
        )
    )

    def stop() -> None:
        server.should_exit = True

    with signals_that_stop(stop):
        running = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            while not server.started and not running.done():
                await asyncio.sleep(_POLL_SECONDS)
            if server.started:
                await asyncio.to_thread(report)
            while not server.should_exit and not running.done():
                await asyncio.sleep(_POLL_SECONDS)
                server.should_exit |= not stays and games.seconds_empty() > CLOSED_SECONDS
        finally:
            server.should_exit = True
            games.stop()
            await running


def _listen(host: str, port: int) -> socket.socket:
    """Returns a listening socket, so that a port in use is known at once."""
    # The protocol is named because asyncio turns Nagle's algorithm off only on sockets that name it.
    listening = socket.socket(
        socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP
    )
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen()
    except (OSError, OverflowError) as error:
        listening.close()
        raise UserError(f"expected a free port at {host}:{port}, but it cannot be had: {error}") from error
    return listening
