"""The web application of a live page: the page itself, a game as long as the page is open, and its steps and maps."""

import asyncio
import json
import secrets
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from xdrl.errors import UserError
from xdrl.objects.edits import read_edits
from xdrl.report.assembling import assemble_page
from xdrl.report.session import Session, Wanted

MOST_GAMES = 8
"""Pages that play at once."""
MOST_MAPS = 4
"""Maps that a page may ask for at a time."""
MOST_SEEDS = 2**31
_SIGN_OF_LIFE_SECONDS = 15.0


class Games:
    """Holds the games of the pages that are open.

    Attributes:
        application: to be served.
    """

    def __init__(self, game_name: str, start_game: Callable[[], Session]) -> None:
        """Takes what starts a game; it runs in a thread of its own."""
        self._start_game = start_game
        self._page = assemble_page(f"{game_name}, live", None)
        self._sessions: dict[str, Session] = {}
        self._stopping = asyncio.Event()
        self._empty_since: float | None = None
        self.application = Starlette(
            routes=[
                Route("/", self._show_page),
                Route("/game", self._hold_game),
                Route("/step", self._step, methods=["POST"]),
                Route("/maps", self._maps, methods=["POST"]),
                Route("/what-if", self._what_if, methods=["POST"]),
                Route("/new", self._new, methods=["POST"]),
            ]
        )

    def stop(self) -> None:
        """Ends all games."""
        self._stopping.set()

    def seconds_empty(self) -> float:
        """For how long the last page has been closed; 0 while one is open, or none has been yet."""
        return 0.0 if self._sessions or self._empty_since is None else time.monotonic() - self._empty_since

    async def _show_page(self, _: Request) -> Response:
        return HTMLResponse(self._page, headers={"Cache-Control": "no-store"})

    async def _hold_game(self, _: Request) -> Response:
        """Starts a game that lasts as long as this answer is being read: a page that is closed ends its game."""
        if len(self._sessions) >= MOST_GAMES:
            return PlainTextResponse(f"expected at most {MOST_GAMES} open pages", 503)
        return StreamingResponse(self._live(), media_type="text/event-stream", headers={"Cache-Control": "no-store"})

    async def _live(self) -> AsyncIterator[str]:
        token = secrets.token_urlsafe(16)
        session = self._sessions[token] = await run_in_threadpool(self._start_game)
        try:
            yield f"event: game\ndata: {json.dumps({**session.page, 'token': token})}\n\n"
            while not self._stopping.is_set():
                try:
                    await asyncio.wait_for(self._stopping.wait(), _SIGN_OF_LIFE_SECONDS)
                except TimeoutError:
                    yield ": still here\n\n"
        finally:
            del self._sessions[token]
            self._empty_since = time.monotonic()
            asyncio.get_running_loop().run_in_executor(None, session.close)

    async def _step(self, request: Request) -> Response:
        return await self._answer(request, lambda session, question: session.step(_wanted(question)))

    async def _maps(self, request: Request) -> Response:
        return await self._answer(request, lambda session, question: session.maps(_step(question), _wanted(question)))

    async def _what_if(self, request: Request) -> Response:
        def ask(session: Session, question: dict) -> dict[str, Any]:
            return session.what_if(_step(question), read_edits(question.get("edits")), _wanted(question))

        return await self._answer(request, ask)

    async def _new(self, request: Request) -> Response:
        return await self._answer(request, lambda session, question: session.new_game(_seed(question)))

    async def _answer(self, request: Request, ask: Callable[[Session, dict], dict[str, Any]]) -> Response:
        try:
            question = await request.json()
        except ValueError:
            question = None
        if not isinstance(question, dict):
            return PlainTextResponse("expected a JSON object", 400)
        session = self._sessions.get(str(question.get("game")))
        if session is None:
            return PlainTextResponse("expected a game of an open page", 404)
        try:
            return JSONResponse(await run_in_threadpool(ask, session, question))
        except UserError as error:
            return PlainTextResponse(str(error), 400)


def _wanted(question: dict) -> Wanted:
    wanted = question.get("wanted")
    is_list = isinstance(wanted, list) and len(wanted) <= MOST_MAPS
    pairs = wanted if is_list and wanted else []
    if not is_list or not all(isinstance(pair, list) and len(pair) == 2 for pair in pairs):
        raise UserError(f"expected at most {MOST_MAPS} pairs of method and target as wanted, got {str(wanted)[:200]}")
    return [(str(method), str(target)) for method, target in pairs]


def _step(question: dict) -> int:
    step = question.get("step")
    if not isinstance(step, int):
        raise UserError(f"expected a number as step, got {str(step)[:200]}")
    return step


def _seed(question: dict) -> int | None:
    """The seed that a game is asked for with; None takes the next one."""
    seed = question.get("seed")
    if seed is not None and (type(seed) is not int or not 0 <= seed < MOST_SEEDS):
        raise UserError(f"expected a number from 0 to {MOST_SEEDS - 1} as seed, got {str(seed)[:200]}")
    return seed
