"""The page as one HTML file: nothing is loaded from anywhere but this server."""

import base64
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

_FILES = Path(__file__).parent / "page"
_STYLES = ("colours.css", "layout.css", "asking.css", "answer.css")
_SCRIPTS = (
    "dom.js",
    "command.js",
    "answer.js",
    "pictures.js",
    "heat.js",
    "asking.js",
    "game.js",
    "why.js",
    "main.js",
)
"""One script in this order: a file uses what stands in those before it."""


@dataclass(frozen=True)
class Page:
    """A page.

    Attributes:
        html: The whole of it.
        policy: What the browser may do with it: run this script, in this style, and ask its own server.
    """

    html: str
    policy: str


def assemble_page() -> Page:
    """Returns the page, the same for every visitor: what it shows, its script asks the server for."""
    style, script = (_join(names) for names in (_STYLES, _SCRIPTS))
    policy = (
        f"default-src 'none'; script-src {_hash(script)}; style-src {_hash(style)}; img-src 'self' data: blob:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    parts = {"style": style, "script": script}
    template = (_FILES / "page.html").read_text("utf-8")
    return Page(re.sub(r"\{\{(\w+)\}\}", lambda match: parts[match[1]], template), policy)


def _join(names: tuple[str, ...]) -> str:
    """Returns files as one text."""
    return "\n".join((_FILES / name).read_text("utf-8") for name in names)


def _hash(text: str) -> str:
    """Returns how a policy names an inline script or style."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
