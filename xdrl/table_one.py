"""Table I of the paper with the shipped agents beside it, as records, Markdown and JSON."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from xdrl.games import GAMES, PaperScores

PRINTED_A3C_LSTM = {"SpaceInvaders": 164766.0}
"""What the paper prints where it is a slip: 164766.0 is Star Gunner's row in Mnih et al. 2016, Table S3."""
HEADINGS = (
    "game",
    "A3C-LSTM",
    "E-A3C, best 100-episode mean",
    "E-A3C, best score",
    "ours, best 100-episode mean",
    "ours, best score",
    "ours, mean of all",
    "agent steps",
)
NONE = "-"


@dataclass(frozen=True)
class TableRow:
    """A game of Table I.

    Attributes:
        game: CamelCase name.
        paper: the paper's row, A3C-LSTM mended where it was a slip; None for a game that the paper does not have.
        a3c_lstm_printed: what the paper prints for A3C-LSTM.
        ours: the record of our agent's evaluation; None where there is no agent.
    """

    game: str
    paper: PaperScores | None
    a3c_lstm_printed: float | None
    ours: Mapping[str, Any] | None


def make_table(records: Mapping[str, Mapping[str, Any]]) -> list[TableRow]:
    """Returns the paper's rows in its order, and after them those of other games.

    Args:
        records: of evaluations, by game.
    """
    names = dict.fromkeys((*(name for name, game in GAMES.items() if game.paper_scores), *records))
    papers = {name: GAMES[name].paper_scores if name in GAMES else None for name in names}
    return [
        TableRow(name, paper, PRINTED_A3C_LSTM.get(name, paper.a3c_lstm) if paper else None, records.get(name))
        for name, paper in papers.items()
    ]


def table_cells(row: TableRow) -> tuple[str, ...]:
    """Says a row in words, in the order of `HEADINGS`."""
    return (row.game, *_paper_cells(row), *_our_cells(row.ours))


def table_to_markdown(rows: Sequence[TableRow], note: str) -> str:
    """Writes the table as Markdown.

    Args:
        rows: of the table.
        note: how ours were measured, a line of text below.
    """
    lines = [HEADINGS, ("---", *["---:"] * (len(HEADINGS) - 1)), *map(table_cells, rows)]
    table = "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
    return f"{table}\n\n{note}\n"


def table_to_json(rows: Sequence[TableRow]) -> list[dict[str, Any]]:
    """Returns the table as plain JSON values."""
    return [dataclasses.asdict(row) for row in rows]


def _paper_cells(row: TableRow) -> tuple[str, ...]:
    paper = row.paper
    if paper is None:
        return (NONE,) * 3
    lstm = f"{paper.a3c_lstm:,.1f}"
    if row.a3c_lstm_printed != paper.a3c_lstm:
        lstm += f" (printed: {row.a3c_lstm_printed:,.1f})"
    return lstm, f"{paper.best_mean:,.2f} ± {paper.standard_error:,.2f}", f"{paper.best_score:,.1f}"


def _our_cells(record: Mapping[str, Any] | None) -> tuple[str, ...]:
    if record is None:
        return (NONE,) * 4
    error = "" if record["standard_error"] is None else f" ± {record['standard_error']:,.2f}"
    best = record["best_mean_100"]
    best_mean = f"needs 100 games, has {record['num_episodes']}" if best is None else f"{best:,.2f}{error}"
    return best_mean, f"{record['best_score']:,.1f}", f"{record['mean']:,.2f}{error}", f"{record['agent_steps']:,}"
