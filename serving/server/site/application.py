"""The paths outside `/v1/`, as an ASGI application.

No answer here carries a CORS header (those of the contract do where that is asked for), so a page of another origin
may send a request here but not read what it says; that is enough, because no request changes anything. A browser that
has been tricked into taking this server for that page's own (DNS rebinding) reads what any program on this machine
can: predictions, and what the models are called.
"""

import json

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.server.metrics import CONTENT_TYPE, Metrics
from serving.server.models.repository import ModelRepository
from serving.server.site.assembling import Page, assemble_page
from serving.server.site.models import GAME, SAMPLE, describe_models, read_extra
from serving.server.site.openapi import METRICS_PATH, build_document
from serving.server.site.readiness import find_missing

_POLICY_OF_DATA = "default-src 'none'; frame-ancestors 'none'"
_SECONDS_BEFORE_NEXT_TRY = "1"


def make_site(repository: ModelRepository, metrics: Metrics | None) -> ASGIApp:
    """Returns the application.

    Args:
        repository: The models.
        metrics: What is counted and timed; None where nobody may read it.
    """
    site = _Site(repository, metrics)
    routes = [
        Route("/", site.page),
        Route("/healthz", site.health),
        Route("/readyz", site.readiness),
        Route("/openapi.json", site.document),
        Route("/models.json", site.models),
        Route("/samples/{model}", site.sample),
        Route("/games/{model}", site.game),
    ]
    if metrics is not None:
        routes.append(Route(METRICS_PATH, site.exposition))
    return _Guarded(Router(routes, redirect_slashes=False))


class _Site:
    """What the paths answer to GET and HEAD; the methods run in threads, because some of them read files."""

    def __init__(self, repository: ModelRepository, metrics: Metrics | None) -> None:
        """Puts the page together."""
        self._repository = repository
        self._metrics = metrics
        self._page: Page = assemble_page()

    def page(self, request: Request) -> Response:
        """Answers with the page where one tries a model."""
        return HTMLResponse(self._page.html, headers={"content-security-policy": self._page.policy})

    async def health(self, request: Request) -> Response:
        """Says that the process answers."""
        return PlainTextResponse("ok")

    def readiness(self, request: Request) -> Response:
        """Says whether every model can answer, and if not, which cannot and why."""
        missing = find_missing(self._repository)
        if not missing:
            return JSONResponse({"ready": True, "missing": []})
        return JSONResponse({"ready": False, "missing": missing}, 503, {"retry-after": _SECONDS_BEFORE_NEXT_TRY})

    def document(self, request: Request) -> Response:
        """Answers with the OpenAPI document of what is being served now."""
        document = build_document(self._repository, has_metrics=self._metrics is not None)
        return Response(json.dumps(document), media_type="application/json")

    def models(self, request: Request) -> Response:
        """Lists the models that the page can ask."""
        return JSONResponse({"models": describe_models(self._repository)})

    def sample(self, request: Request) -> Response:
        """Answers with the sample screenshot of a model's newest version."""
        return self._extra(request, SAMPLE, "image/png")

    def game(self, request: Request) -> Response:
        """Answers with the piece of a game of a model's newest version."""
        return self._extra(request, GAME, "application/json")

    def _extra(self, request: Request, file: str, media_type: str) -> Response:
        contents = read_extra(self._repository, request.path_params["model"], file)
        return PlainTextResponse("Not Found", 404) if contents is None else Response(contents, media_type=media_type)

    def exposition(self, request: Request) -> Response:
        """Answers with what has been counted and timed."""
        text = "" if self._metrics is None else self._metrics.exposition()
        return Response(text, headers={"content-type": CONTENT_TYPE})


class _Guarded:
    """An application whose answers tell a browser to make nothing else of them than what they are."""

    def __init__(self, application: ASGIApp) -> None:
        """Takes the application."""
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one HTTP request."""

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.setdefault("content-security-policy", _POLICY_OF_DATA)
                headers["x-content-type-options"] = "nosniff"
                headers["referrer-policy"] = "no-referrer"
                headers["cross-origin-resource-policy"] = "same-origin"
                headers["cache-control"] = "no-cache"
            await send(message)

        await self._application(scope, receive, send_guarded)
