"""Model cards, the results page and the README's table, written from what the shipped agents say of themselves."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from xdrl.config import FRAMES_PER_STEP, training_config_from_json
from xdrl.games import GAMES, PaperScores
from xdrl.storage.saved_models import read_agent_json, read_evaluations

BEGIN, END = "<!-- results: written by `python cli.py cards` -->", "<!-- end of results -->"
"""Between these lines of the README stands its table."""
PROTOCOLS = ("standard", "sticky", "paper", "sb3", "sb3-v5")
_UNKNOWN = "not recorded"
_USE = """\
## What it is for

It shows what a deep reinforcement learning agent looks at, for research, teaching and trying out tools that explain.
It plays this one Atari game, from screens of the emulator that ale-py brings, and nothing else; it was not made to be
the strongest player. Its heatmaps explain its own decisions, and say nothing about people or other agents."""
_GAMES = 100
"""Of an evaluation, as the paper's Table I has them."""


class Card(NamedTuple):
    """A shipped agent, as it describes itself.

    Attributes:
        version: its folder.
        values: its `agent.json`.
    """

    version: Path
    values: Mapping[str, Any]

    @property
    def game(self) -> str:
        """CamelCase name of its game."""
        return str(self.values["game"])

    @property
    def name(self) -> str:
        """Game and version, such as Pong/3."""
        return f"{self.game}/{self.version.name}"

    @property
    def evaluations(self) -> dict[str, dict[str, Any]]:
        """Its evaluations by protocol."""
        return read_evaluations(dict(self.values))

    @property
    def paper(self) -> PaperScores | None:
        """The row of Table I."""
        return GAMES[self.game].paper_scores if self.game in GAMES else None


def read_card(version: Path) -> Card:
    """Reads a shipped agent's description.

    Raises:
        UserError: it cannot be read.
    """
    return Card(version, read_agent_json(version))


def readme_table(cards: list[Card]) -> str:
    """Returns the README's table, a row for each agent."""
    lines = [
        f"| game | mean score of {_GAMES} games | under sticky actions | paper's best mean | agent steps |",
        "|---|---|---|---|---|",
    ]
    for card in cards:
        records = [card.evaluations.get(protocol) for protocol in PROTOCOLS[:2]]
        scores = [_score(record) + _few(record) for record in records]
        steps = f"{card.values['training']['agent_steps'] / 1e6:.1f} M"
        lines.append(f"| {card.game} | {scores[0]} | {scores[1]} | {_paper(card)} | {steps} |")
    return "\n".join(lines) + "\n"


def put_into(text: str, table: str) -> str:
    """Puts the table between its two lines of a text.

    Raises:
        ValueError: the text lacks the lines.
    """
    before, _, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        raise ValueError(f"expected the lines {BEGIN} and {END}")
    return f"{before}{BEGIN}\n\n{table}\n{END}{after}"


def results_page(cards: list[Card], curves: Mapping[str, str]) -> str:
    """Returns the page of all agents.

    Args:
        cards: of the agents.
        curves: by game, where the picture of its learning curve lies beside the page.
    """
    parts = [
        "# Results\n\n`python cli.py cards` writes this page from what each shipped agent says of itself.\n\n"
        "Scores are of whole games with actions drawn from the policy, mean ± standard error; the paper's figure is "
        "the best mean over 100 games in a row, of its row in Table I. `python cli.py table` plays them again.\n",
        _protocols_table(cards),
    ]
    for card in cards:
        picture = f"\n![Learning curve of {card.game}]({curves[card.game]})\n" if card.game in curves else ""
        parts.append(f"## {card.name}\n\n{_making(card)}{picture}")
    return "\n".join(parts)


def model_card(card: Card) -> str:
    """Returns the model card of an agent (Mitchell et al. 2019): what for, how made, how good, what its maps show."""
    return (
        "\n\n".join(
            [
                f"# {card.name}: an agent that plays {card.game} and shows what it looks at",
                _USE,
                f"## How it was made\n\n{_making(card).rstrip()}",
                f"## How well it plays\n\n{_protocols_table([card]).rstrip()}",
                f"## What its heatmaps can be trusted with\n\n{_claims(card)}",
            ]
        )
        + "\n"
    )


def _protocols_table(cards: list[Card]) -> str:
    lines = [
        "| agent | protocol | games | mean ± standard error | best 100-game mean | best score | paper |",
        "|---|---|---|---|---|---|---|",
    ]
    for card in cards:
        for protocol, record in sorted(card.evaluations.items(), key=lambda item: PROTOCOLS.index(item[0])):
            best = record["best_mean_100"]
            cells = (
                card.name,
                protocol,
                str(record["num_episodes"]),
                _score(record),
                "-" if best is None else f"{best:,.2f}",
                f"{record['best_score']:,.0f}",
                _paper(card),
            )
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _making(card: Card) -> str:
    training = card.values["training"]
    steps, history = training["agent_steps"], training.get("history", [])
    configuration = training.get("configuration")
    facts = [
        f"- Trained for {steps:,} agent steps ({steps * FRAMES_PER_STEP:,} frames), {_duration(training['seconds'])}.",
        f"- Network {card.values['network']['kind']}, seed "
        f"{training_config_from_json(configuration).seed if configuration else _UNKNOWN}.",
    ]
    for call in history:
        start = f"from {call['agent_steps']:,} agent steps on" if call["agent_steps"] else "from nothing"
        facts.append(
            f"- `{call['command']}`, {start}: commit {call['commit'] or _UNKNOWN}, {call['machine']}, {call['date']}."
        )
    if not history:
        facts.append(f"- Command, commit and machine: {_UNKNOWN}.")
    if configuration:
        facts.append(f"- All settings: `python cli.py recipe --agent {card.version.as_posix()}`.")
    return "\n".join(facts) + "\n"


def _claims(card: Card) -> str:
    claims, words = card.values.get("claims") or [], (card.values.get("league") or {}).get("words", {})
    league = [*words.values()] or [
        f"Methods not compared: `python cli.py trust {card.game} --methods all --keep` does."
    ]
    if not claims:
        return "\n\n".join([f"Not tested on this version: `python cli.py trust {card.game}` tests it.", *league])
    by_verdict = {
        verdict: [claim for claim in claims if claim["verdict"] == verdict] for verdict in ("yes", "not shown", "no")
    }
    titles = {"yes": "Holds", "not shown": "Not shown", "no": "Does not hold"}
    parts = [
        f"**{titles[verdict]}:** " + "; ".join(_claim(claim) for claim in found) + "."
        for verdict, found in by_verdict.items()
        if found
    ]
    return "\n\n".join([*parts, *league, "What the tests are: docs/trust.md in the project."])


def _claim(claim: Mapping[str, Any]) -> str:
    figure = "" if claim["figure"] is None else f" ({claim['figure']:.2f})"
    return f"{claim['claim']}{figure}"


def _few(record: Mapping[str, Any] | None) -> str:
    """Says of how many games a mean is, where they are not those that the table's head has."""
    number = _GAMES if record is None else record["num_episodes"]
    return "" if number == _GAMES else f" ({number} games)"


def _score(record: Mapping[str, Any] | None) -> str:
    if record is None:
        return "-"
    error = "" if record["standard_error"] is None else f" ± {record['standard_error']:,.2f}"
    return f"{record['mean']:,.2f}{error}"


def _paper(card: Card) -> str:
    return f"{card.paper.best_mean:,.2f} ± {card.paper.standard_error:,.2f}" if card.paper else "-"


def _duration(seconds: float) -> str:
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
