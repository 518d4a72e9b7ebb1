"""Keeps foreign pages out of a local server: requests must be addressed to it, and come from its own page."""

import ipaddress
from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send


class Guard:
    """Answers 403 to a request whose Host or Origin is not this server's.

    A page of another site can have its own name resolved to this machine (DNS rebinding); it then reads what the
    server answers, unless the server looks at the name it was called by. An address is no name, so it cannot be
    rebound.
    """

    def __init__(self, application: ASGIApp, host: str) -> None:
        """Takes the application behind it, and the host that the server was told to listen on."""
        self._application, self._host = application, host.lower()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Lets a request through or answers it."""
        if scope["type"] == "http":
            refusal = self._refusal(scope["headers"])
            if refusal:
                await PlainTextResponse(refusal, 403)(scope, receive, send)
                return
        await self._application(scope, receive, send)

    def _refusal(self, headers: Iterable[tuple[bytes, bytes]]) -> str:
        values = {name: value.decode("latin-1").lower() for name, value in headers}
        called = values.get(b"host", "")
        if not self._is_own(called):
            return f"expected to be called by an address or as localhost, got Host: {called}"
        origin = values.get(b"origin", f"http://{called}")
        return "" if origin == f"http://{called}" else f"expected a page of http://{called}, got Origin: {origin}"

    def _is_own(self, called: str) -> bool:
        try:
            name = urlsplit(f"//{called}").hostname or ""
        except ValueError:
            return False
        if name in ("localhost", self._host):
            return bool(name)
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True
