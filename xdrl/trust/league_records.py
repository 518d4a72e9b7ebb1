"""The league's table: what each test asks of a map, what a method reached, and how it is written as JSON."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from xdrl.trust.baselines import BASELINES, CHANCE, DECISIVE, HARD
from xdrl.trust.cells import ALL
from xdrl.trust.deletion import DELETION, surplus_key
from xdrl.trust.intervals import FALSE_DISCOVERIES, Interval
from xdrl.trust.known import ACTION, POLICY, describe_method, summarise_league
from xdrl.trust.records import OBJECTS, OCCLUSION, Key, Played, Settings, Subject, to_plain

RIVALS = {CHANCE: "chance", **BASELINES}
"""What a method is held against, in words."""


class Column(NamedTuple):
    """A test of the league.

    Attributes:
        key: of the figure.
        title: above the table's column, a line break in it.
        chance: the figure of a map that knows nothing.
        rivals: what a map has to be above in order to hold.
    """

    key: Key
    title: str
    chance: float
    rivals: tuple[str, ...]


COLUMNS = {
    POLICY: Column(Key(OCCLUSION, POLICY), "objects ranked\nas policy needs", 0, (CHANCE, *HARD)),
    ACTION: Column(Key(OCCLUSION, ACTION), "objects ranked\nas action needs", 0, (CHANCE, *HARD)),
    f"{DELETION}, {POLICY}": Column(surplus_key(POLICY), "deleted,\npolicy", 0, (CHANCE, *HARD)),
    f"{DELETION}, {ACTION}": Column(surplus_key(ACTION), "deleted,\naction", 0, (CHANCE, *HARD)),
    OBJECTS: Column(Key(OBJECTS, "hit - chance", ALL), "points at\nobjects", 0, (CHANCE, *DECISIVE)),
}
"""By name. The first two decide which method answers which question: on one screen any object that a map has found is
worth painting over, and only who puts the objects in order knows which of them count."""


@dataclass(frozen=True)
class Cell:
    """What a method reached in a test.

    Attributes:
        per_episode: its figure, one a game; NaN where the game has none.
        interval: the mean over the episodes.
        rivals: the same of all that it has to be above.
        luck: how often luck alone would put it above all of them, the p of the worst of the comparisons.
        corrected: the same for all claims of the league together: the smallest share of false discoveries at which
            it holds.
        against: the rival of the worst comparison.
        holds: it is above all of them.
    """

    per_episode: tuple[float, ...]
    interval: Interval
    rivals: Mapping[str, Interval]
    luck: float
    corrected: float
    against: str
    holds: bool


@dataclass(frozen=True)
class Row:
    """A method of the league.

    Attributes:
        method: its name.
        milliseconds: of a map, the median over the episodes.
        cells: by the names of `COLUMNS`.
    """

    method: str
    milliseconds: float
    cells: Mapping[str, Cell]


@dataclass(frozen=True)
class League:
    """Methods of explanation, held against each other on one agent.

    Attributes:
        agent: whose maps they are.
        settings: how.
        episodes: that it played.
        rows: a method each.
        playing_milliseconds: of a screen that the network alone takes, the median over the episodes.
        machine: that all milliseconds are of.
        versions: of what computed it.
        seconds: it took.
    """

    agent: Subject
    settings: Settings
    episodes: tuple[Played, ...]
    rows: tuple[Row, ...]
    playing_milliseconds: float
    machine: str
    versions: dict[str, str]
    seconds: float

    @property
    def known(self) -> dict[str, Any]:
        """What an agent's card keeps of it, plain JSON values."""
        kept = {
            "game": self.agent.game,
            "agent_steps": self.agent.agent_steps,
            "episodes": len(self.episodes),
            "screens": sum(min(each.steps, self.settings.num_frames) for each in self.episodes),
            "first_seed": self.episodes[0].seed,
            "false_discoveries": FALSE_DISCOVERIES,
            "machine": self.machine,
            "playing_milliseconds": self.playing_milliseconds,
            "methods": {row.method: _keep(row) for row in self.rows},
        }
        kept["words"] = {row.method: describe_method(kept, row.method) for row in self.rows}
        plain: dict[str, Any] = to_plain(kept)
        return plain

    @property
    def summary(self) -> str:
        """What was found, in one sentence."""
        return summarise_league(self.known)


def league_to_json(league: League) -> dict[str, Any]:
    """Returns plain JSON values: what was found in one sentence, what a card keeps, and all that was measured."""
    return {"summary": league.summary, "known": league.known, **to_plain(league)}


def _keep(row: Row) -> dict[str, Any]:
    tests = {
        name: {
            "figure": cell.interval.mean,
            "interval": (cell.interval.low, cell.interval.high) if cell.interval.is_known else None,
            "holds": cell.holds,
            "corrected": cell.corrected,
            "against": RIVALS[cell.against],
            "rival": cell.rivals[cell.against].mean,
        }
        for name, cell in row.cells.items()
    }
    return {"milliseconds": row.milliseconds, "tests": tests}
