"""Who may call a local server: its own page, by its address."""

import asyncio

import pytest

from xdrl.report.guard import Guard


def ask(host: str, called: str | None, origin: str | None = None) -> tuple[int, str]:
    """Sends a request through the guard; returns the status and the text."""
    sent = []

    async def inner(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"in"})

    async def send(message):
        sent.append(message)

    values = {b"host": called, b"origin": origin}
    headers = [(name, value.encode()) for name, value in values.items() if value is not None]
    asyncio.run(Guard(inner, host)({"type": "http", "headers": headers}, None, send))
    return sent[0]["status"], sent[1]["body"].decode()


@pytest.mark.parametrize(
    ("host", "called", "origin"),
    [
        ("127.0.0.1", "127.0.0.1:8502", None),
        ("127.0.0.1", "localhost:8502", "http://localhost:8502"),
        ("::1", "[::1]:8502", "http://[::1]:8502"),
        ("0.0.0.0", "192.168.0.7:8502", "http://192.168.0.7:8502"),
        ("my-desk", "My-Desk:8502", "http://my-desk:8502"),
    ],
)
def test_its_own_page_is_let_in(host: str, called: str, origin: str | None):
    assert ask(host, called, origin) == (200, "in")


@pytest.mark.parametrize(
    "called", ["evil.example:8502", "127.0.0.1.evil.example", "localhost.evil.example", "", "[", None]
)
def test_a_foreign_name_is_refused(called: str | None):
    status, text = ask("127.0.0.1", called)
    assert status == 403 and text.startswith("expected to be called by an address or as localhost, got Host: ")


@pytest.mark.parametrize("origin", ["http://evil.example", "http://127.0.0.1:9999", "https://127.0.0.1:8502", "null"])
def test_a_foreign_page_is_refused(origin: str):
    status, text = ask("127.0.0.1", "127.0.0.1:8502", origin)
    assert status == 403 and text == f"expected a page of http://127.0.0.1:8502, got Origin: {origin}"
