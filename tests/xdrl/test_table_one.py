import io
import json

from rich.console import Console

from xdrl.table_one import make_table, table_to_json, table_to_markdown
from xdrl.views.tables import table_view

RECORD = {
    "agent_steps": 3_000_240,
    "num_episodes": 100,
    "mean": 20.25,
    "standard_error": 0.5,
    "best_mean_100": 20.25,
    "best_score": 21.0,
}


def test_the_papers_rows_come_in_its_order_with_ours_and_other_games_after_them():
    rows = make_table({"Breakout": RECORD, "Pong": RECORD})
    names = ["DemonAttack", "SpaceInvaders", "BeamRider", "Phoenix", "Pong", "Qbert", "Breakout"]
    assert [row.game for row in rows] == names
    lines = table_to_markdown(rows, "How.").splitlines()
    assert lines[2] == "| DemonAttack | 115,201.9 | 36,277.00 ± 821.71 | 125,307.0 | - | - | - | - |"
    assert lines[3].startswith("| SpaceInvaders | 23,846.0 (printed: 164,766.0) |")
    ours = "| 20.25 ± 0.50 | 21.0 | 20.25 ± 0.50 | 3,000,240 |"
    assert lines[6] == f"| Pong | 10.7 | 21.00 ± 0.00 | 21.0 {ours}"
    assert lines[8] == f"| Breakout | - | - | - {ours}"
    assert lines[-1] == "How."


def test_fewer_than_a_hundred_games_have_no_best_mean():
    few = RECORD | {"num_episodes": 1, "best_mean_100": None, "standard_error": None}
    assert "| needs 100 games, has 1 | 21.0 | 20.25 | 3,000,240 |" in table_to_markdown(make_table({"Pong": few}), "")


def test_the_table_is_plain_json():
    rows = json.loads(json.dumps(table_to_json(make_table({"Pong": RECORD}))))
    assert rows[4]["ours"] == RECORD and rows[4]["paper"]["best_mean"] == 21.0 and rows[0]["ours"] is None
    assert (rows[1]["paper"]["a3c_lstm"], rows[1]["a3c_lstm_printed"]) == (23846.0, 164766.0)


def test_the_view_fits_80_columns():
    console = Console(width=80, record=True, file=io.StringIO())
    console.print(table_view(make_table({"Pong": RECORD}), "How."))
    text = console.export_text()
    assert max(map(len, text.splitlines())) <= 80
    for part in ("SpaceInvaders", "164,766.0", "20.25 ± 0.50", "79,060.10 ± 5,826.59", "as printed"):
        assert part in text and "…" not in text
