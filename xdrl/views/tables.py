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
    for heading in ("game", "", "A3C-LSTM", "E-A3C", "ours"):
        table.add_column(heading, justify="left" if heading in ("game", "") else "right")
    names = ("best 100-episode mean", "best score", "mean of all games", "agent steps")
    for row in rows:
        cells = dict(zip(HEADINGS, table_cells(row), strict=True))
        ours = [cells[heading] for heading in HEADINGS[4:]]
        theirs = [*(cells[heading] for heading in HEADINGS[2:4]), "", ""]
        table.add_row(
            Text(row.game, "bold"),
            "\n".join(names),
            "\n" * 2 + cells["A3C-LSTM"].replace(" (", "\n("),
            "\n".join(theirs),
            "\n".join(ours),
        )
    return Group(table, Text(note, "dim"))
