"""Who answers an HTTP request: TensorFlow Serving's contract under `/v1/`, the site everywhere else."""

from starlette.types import ASGIApp, Receive, Scope, Send

from serving.server.rest.routes import is_in_contract


class Front:
    """Hands each request to one of two applications."""

    def __init__(self, contract: ASGIApp, site: ASGIApp) -> None:
        """Takes the applications.

        Args:
            contract: Answers paths under `/v1/`.
            site: Answers all others.
        """
        self._contract = contract
        self._site = site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one HTTP request."""
        path: bytes = scope.get("raw_path") or scope["path"].encode("utf-8")
        application = self._contract if is_in_contract(path.decode("latin-1")) else self._site
        await application(scope, receive, send)
