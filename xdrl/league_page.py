"""Which method for which question, as tables of the page on it, from what the shipped agents know of the methods."""

import textwrap
from collections.abc import Mapping
from typing import Any

from xdrl.cards import Card
from xdrl.trust.known import QUESTIONS, Known, check_known, find_holding, summarise_league

_COLUMNS = {
    "policy": "what the policy needs",
    "action": "what speaks for the action",
    "deletion, policy": "deleted, policy",
    "deletion, action": "deleted, action",
    "objects": "points at objects",
}
"""Titles of the league's tests."""
_SHORT = {
    "an untrained network's map": "untrained",
    "the episode's mean map": "mean map",
    "a map of what moves": "motion",
    "a map of all objects alike": "all objects",
}
"""Rivals, in cells that are narrow."""


def league_tables(cards: list[Card]) -> str:
    """Returns what holds on which agent, then a league table for each agent that has one.

    Raises:
        UserError: what a card keeps is no league.
    """
    leagues = {card.name: check_known(card.values.get("league")) for card in cards}
    titles = [f"{words}?" for words in QUESTIONS.values()]
    lines = [f"| agent | games | {' | '.join(titles)} |", f"|---|---|{'---|' * len(titles)}"]
    for name, known in leagues.items():
        answers = [", ".join(find_holding(known, question)) or "nothing holds" for question in QUESTIONS]
        cells = [str(known["episodes"]), *answers] if known else ["-", *["not tested"] * len(titles)]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    parts = ["\n".join(lines)]
    parts += [_league_table(name, known) for name, known in leagues.items() if known]
    return "\n\n".join(parts) + "\n"


def _league_table(name: str, known: Known) -> str:
    about = (
        f"{summarise_league(known)} {known['episodes']} games from seed {known['first_seed']} on, {known['screens']:,} "
        f"screens; playing alone takes {known['playing_milliseconds']:.1f} ms a screen ({known['machine']})."
    )
    lines = [
        f"### {name}",
        "",
        textwrap.fill(about, 120, break_on_hyphens=False),
        "",
        f"| method | {' | '.join(_COLUMNS.values())} | ms |",
        f"|---|{'---|' * len(_COLUMNS)}---|",
    ]
    for method, row in known["methods"].items():
        cells = [_cell(row["tests"][name]) for name in _COLUMNS]
        lines.append(f"| {method} | {' | '.join(cells)} | {row['milliseconds']:.1f} |")
    return "\n".join(lines)


def _cell(test: Mapping[str, Any]) -> str:
    """The figure, bold where it holds, else what it is not shown to be above; a line each."""
    if test["figure"] is None:
        return "-"
    ends = [f"[{test['interval'][0]:.2f}, {test['interval'][1]:.2f}]"] if test["interval"] else []
    if test["holds"]:
        return "<br>".join([f"**{test['figure']:.2f}**", *ends])
    rival = "" if test["rival"] is None else f" {test['rival']:.2f}"
    return "<br>".join([f"{test['figure']:.2f}", *ends, f"{_SHORT.get(test['against'], test['against'])}{rival}"])
