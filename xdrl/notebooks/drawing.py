"""Pieces of HTML that a notebook shows under any theme: all text is the notebook's own colour, nothing is loaded."""

import base64
import html
import io
from collections.abc import Sequence

import numpy as np
from PIL import Image

from xdrl.pictures.bars import bar_lengths

_BAR, _CHOSEN_BAR = "#7d8fc4", "#f98e09"
_FAINT = "opacity:.75;font-size:.9em"
_GRID = "display:grid;gap:1px 10px;justify-content:start;line-height:1.35"
_BAR_STYLE = "height:9px;align-self:center;border-radius:2px"
_LINE_END = '<br style="display:none">'
"""What keeps lines apart where a viewer drops all styles."""
_ROW = "display:flex;flex-wrap:wrap;gap:8px 16px;align-items:flex-start;margin:6px 0 12px"


def png_of(image: np.ndarray) -> bytes:
    """Encodes uint8 [H, W, 3] as a PNG."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def data_url(data: bytes, kind: str) -> str:
    """Returns bytes as an address that needs no file; the kind is such as `image/png`."""
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def draw_picture(data: bytes, kind: str, words: str, width: int) -> str:
    """Draws an encoded picture; the words stand for it where it is not seen, the width is in pixels of the page."""
    style = "image-rendering:pixelated;max-width:100%;height:auto;margin:0"
    return f'<img src="{data_url(data, kind)}" alt="{html.escape(words)}" width="{width}" style="{style}">'


def draw_bars(names: Sequence[str], figures: np.ndarray, chosen: int, judges_actions: bool = False) -> str:
    """Draws the probability of each action, or its Q-value, as a bar.

    Args:
        names: of A actions.
        figures: float [A], probabilities in [0, 1], or Q-values.
        chosen: which one stands out.
        judges_actions: whether the figures are Q-values.
    """
    word, digits = ("Q-value", 3) if judges_actions else ("probability", 2)
    cells = [f'<span></span> <span style="{_FAINT}">{word}</span> <span></span>{_LINE_END}']
    lengths = bar_lengths(figures, judges_actions)
    for index, (name, figure, share) in enumerate(zip(names, figures, lengths, strict=True)):
        weight, colour = ("bold", _CHOSEN_BAR) if index == chosen else ("normal", _BAR)
        length = 100 * float(np.nan_to_num(np.clip(share, 0, 1)))
        cells.append(
            f'<span style="font-weight:{weight}">{html.escape(name)}</span> '
            f'<span style="{_BAR_STYLE};width:{length:.1f}%;background:{colour}"></span> '
            f'<span style="font-weight:{weight}">{figure:.{digits}f}</span>{_LINE_END}'
        )
    style = f"{_GRID};grid-template-columns:max-content 120px max-content;font-size:.85em"
    return f'<div style="{style}">{"".join(cells)}</div>'


def draw_row(parts: Sequence[str], caption: str, note: str = "") -> str:
    """Puts pieces side by side, with a sentence above them, and a faint one after it."""
    remark = f' <span style="{_FAINT}">{html.escape(note)}</span>' if note else ""
    return f'<div><div>{html.escape(caption)}{remark}</div><div style="{_ROW}">{"".join(parts)}</div></div>'


def draw_card(title: str, parts: Sequence[str], note: str = "") -> str:
    """Puts pieces under each other, with a title above and a faint line below."""
    ending = f'<div style="{_FAINT}">{html.escape(note)}</div>' if note else ""
    heading = f'<div style="font-weight:bold;margin-bottom:4px">{html.escape(title)}</div>'
    return f'<div style="margin:4px 0;line-height:1.4">{heading}{"".join(parts)}{ending}</div>'


def draw_facts(facts: Sequence[tuple[str, str]]) -> str:
    """Draws names and what they are, a line each."""
    cells = (
        f'<span style="{_FAINT}">{html.escape(name)}</span> <span>{html.escape(text)}</span>{_LINE_END}'
        for name, text in facts
    )
    return f'<div style="{_GRID};grid-template-columns:max-content auto">{"".join(cells)}</div>'
