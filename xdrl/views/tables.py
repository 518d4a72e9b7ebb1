"""Table I on the terminal, as rich renderables; nothing here prints."""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from xdrl.table_one import HEADINGS, TableRow, table_cells


def table_view(rows: Sequence[TableRow], note: str) -> RenderableType:
    """Shows the paper's table with ours beside it: a block a game, since its figures do not fit side by side.

    Args:
        rows: of the table.
        note: how ours were measured.
    """
    table = Table(title="Table I of the paper, and ours", title_justify="left", show_lines=True)
    for heading in ("game", "figure", "paper", "ours"):
        table.add_column(heading, justify="left" if heading in ("game", "figure") else "right", no_wrap=True)
    for row in rows:
        cells = dict(zip(HEADINGS, table_cells(row), strict=True))
        lstm, _, printed = cells["A3C-LSTM"].partition(" (")
        lines = [("A3C-LSTM", lstm, "")]
        if printed:
            lines.append(("  as printed", printed.removeprefix("printed: ").removesuffix(")"), ""))
        lines += [
            ("best 100 mean", cells["E-A3C, best 100-episode mean"], cells["ours, best 100-episode mean"]),
            ("best score", cells["E-A3C, best score"], cells["ours, best score"]),
            ("mean of all", "", cells["ours, mean of all"]),
            ("agent steps", "", cells["agent steps"]),
        ]
        table.add_row(Text(row.game, "bold"), *("\n".join(column) for column in zip(*lines, strict=True)))
    return Group(table, Text(note, "dim"))
