"""Browsers whose page comes from elsewhere: they ask first (OPTIONS), and read an answer where its head says so."""

import json
import re

import tensorflow as tf
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.server.errors import RequestError, code_name
from serving.server.metrics import Metrics

# Source: AddCORSHeaders in TensorFlow Serving's http_rest_api_util.cc, ProcessRequest in its http_server.cc.
_HEADERS = {
    "access-control-allow-origin": "*",
    "access-control-allow-methods": "POST, GET",
    "access-control-allow-headers": "Content-Type",
}
_ORIGIN = re.compile("https?://")


class CrossOrigin:
    """The contract's application, and what browsers ask before they ask it.

    As in TensorFlow Serving a preflight is answered in any case, and lets a browser go on only where that is wanted.
    """

    def __init__(self, application: ASGIApp, metrics: Metrics, is_allowed: bool) -> None:
        """Takes the application.

        Args:
            application: Answers everything but OPTIONS.
            metrics: Counts those.
            is_allowed: Whether pages of any origin may read the answers.
        """
        self._application = application
        self._metrics = metrics
        self._is_allowed = is_allowed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one HTTP request."""

        async def send_allowed(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(_HEADERS)
            await send(message)

        application = self._preflight if scope["method"] == "OPTIONS" else self._application
        await application(scope, receive, send_allowed if self._is_allowed else send)

    async def _preflight(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers OPTIONS, whatever the path."""
        error = None
        if not _ORIGIN.search(Headers(scope=scope).get("origin", "")):
            error = RequestError(tf.errors.FAILED_PRECONDITION, "Origin header is missing in CORS preflight")
        self._metrics.count_request("", code_name(tf.errors.OK if error is None else error.code))
        response = Response() if error is None else _refusal(error)
        await response(scope, receive, send)


def _refusal(error: RequestError) -> Response:
    """Returns an error as an answer."""
    return Response(json.dumps({"error": error.message}), error.status, media_type="application/json")
