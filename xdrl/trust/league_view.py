"""What a league shows on the terminal, as rich renderables of 80 columns; nothing here prints."""

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from xdrl.policies import OF_Q_VALUES
from xdrl.trust.baselines import ALL_OBJECTS, CHANCE, MOTION, TIME_MEAN, UNTRAINED
from xdrl.trust.intervals import FALSE_DISCOVERIES
from xdrl.trust.league_records import COLUMNS, Cell, League
from xdrl.trust.records import NO_FIGURE

_SHORT = {CHANCE: "chance", UNTRAINED: "untrained", TIME_MEAN: "mean map", MOTION: "motion", ALL_OBJECTS: "objects"}


def league_view(league: League) -> RenderableType:
    """Shows what was found in one sentence, then a row for each method."""
    steps = sum(episode.steps for episode in league.episodes)
    agent, games = league.agent, len(league.episodes)
    title = (
        f"{agent.game}, {agent.source}: {games} games, {steps:,} steps, {league.known['screens']:,} screens looked at"
    )
    parts: list[RenderableType] = [Text(league.summary, "bold"), Text(title)]
    parts += [Text(OF_Q_VALUES)] * agent.judges_actions
    if games < 2:
        parts.append(Text("warning: one game has no interval, so nothing can hold; see --episodes", "yellow"))
    table = Table(width=80, show_lines=True, padding=(0, 0))
    table.add_column("method", no_wrap=True)
    table.add_column("ms", justify="right", no_wrap=True)
    for column in COLUMNS.values():
        table.add_column(column.title, justify="right")
    for row in league.rows:
        table.add_row(row.method, f"{row.milliseconds:.1f}", *(_cell(row.cells[name]) for name in COLUMNS))
    note = (
        "* holds: above chance, an untrained network's map, the mean map, and, but for pointing, what moves and all "
        "objects alike; each claim at its worst comparison, over the games, one-sided paired t, all claims corrected "
        f"to {FALSE_DISCOVERIES:.0%} of false discoveries (Benjamini-Hochberg). Below: the interval, and the rival of "
        f"the worst comparison. ms: of a map; the network alone takes {league.playing_milliseconds:.1f} "
        f"({league.machine})."
    )
    return Group(*parts, table, Text(note, "dim"))


def _cell(cell: Cell) -> Text:
    """The figure, its interval, and whom it is hardest to be above."""
    if not cell.interval.episodes:
        return Text(NO_FIGURE, "dim")
    interval = cell.interval
    text = Text(f"{interval.mean:.2f}{'*' if cell.holds else ''}", "green" if cell.holds else "")
    if interval.is_known:
        text.append(f"\n±{interval.high - interval.mean:.2f}", "dim")
    text.append(f"\n{_SHORT[cell.against]} {cell.rivals[cell.against].mean:.2f}", "dim")
    return text
