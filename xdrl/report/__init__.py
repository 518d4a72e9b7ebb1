"""A game in the browser: a report in one HTML file, and a live page, with one front end.

What a page shows travels in one direction: `maps` (the agent explains) → `packing` (bytes) → `contents` (JSON) →
`assembling` (HTML). A report is built once, by `building`; a live page asks `watch` for one step after the other.
"""

from xdrl.report.building import build_report

__all__ = ["build_report"]
