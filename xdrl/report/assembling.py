"""One HTML file out of the front end's files and the data: nothing is loaded from anywhere else."""

import base64
import hashlib
import html
import re
from pathlib import Path
from typing import Any

from xdrl.report.packing import script_json

_FILES = Path(__file__).parent / "page"
_STYLES = ("colours.css", "layout.css", "widgets.css", "panels.css", "what_if.css", "curves_and_tables.css")
_SCRIPTS = (
    "dom.js",
    "unpacking.js",
    "objects.js",
    "drawing.js",
    "wording.js",
    "report_source.js",
    "live_source.js",
    "player.js",
    "keyboard.js",
    "timeline.js",
    "curves.js",
    "actions.js",
    "choices.js",
    "facts.js",
    "theme.js",
    "address.js",
    "links.js",
    "handles.js",
    "brush.js",
    "what_if.js",
    "saving.js",
    "main.js",
)
"""One script in this order: a file uses what stands in those before it."""


def assemble_page(title: str, data: dict[str, Any] | None) -> str:
    """Returns the page.

    The browser is told to run this one script and to reach for nothing: a report opens no connection at all, a live
    page only those to its own server.

    Args:
        title: of the browser's tab.
        data: of a report; None makes the live page, which asks its server.
    """
    style, script = (_join(names) for names in (_STYLES, _SCRIPTS))
    connections = "'self'" if data is None else "'none'"
    policy = (
        f"default-src 'none'; script-src {_hash(script)}; style-src {_hash(style)}; img-src data:; "
        f"connect-src {connections}; base-uri 'none'; form-action 'none'"
    )
    parts = {
        "policy": policy,
        "title": html.escape(title),
        "style": style,
        "script": script,
        "data": script_json(data),
    }
    template = (_FILES / "page.html").read_text("utf-8")
    return re.sub(r"\{\{(\w+)\}\}", lambda match: parts[match[1]], template)


def _join(names: tuple[str, ...]) -> str:
    return "\n".join((_FILES / name).read_text("utf-8") for name in names)


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
