"""What the tests of truth found: figures, claims and verdicts; and how they are written as JSON."""

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

from xdrl.trust.intervals import Interval
from xdrl.trust.summary import summarise_claims

OBJECTS, REMOVAL, OCCLUSION = "objects", "deletion and insertion", "object occlusion"
RANDOMISATION, SPECIFICITY, HEALTH = "randomisation", "specificity", "health"
OWN = "method"
"""The source of a figure that is about the method's own maps."""
NOT_SHOWN, ONE_EPISODE, NO_FIGURE = "not shown", "one episode has no interval", "no figure"


@dataclass(frozen=True)
class Subject:
    """An agent that is examined.

    Attributes:
        game: its name.
        source: where it comes from.
        agent_steps: that it was trained for.
        network: `e-a3c` or `a3c`, or which library trained it, and how.
        judges_actions: whether it has Q-values in place of a policy.
    """

    game: str
    source: str
    agent_steps: int
    network: str
    judges_actions: bool = False


@dataclass(frozen=True)
class Settings:
    """How an agent is examined.

    Attributes:
        methods: of explanation.
        num_episodes: that are played.
        max_steps: of an episode that are kept.
        seed: of the games, of the drawn actions and of everything random in the tests.
        num_frames: of an episode on which deletion, insertion, occlusion and randomisation run.
    """

    methods: tuple[str, ...] = ("grad-cam",)
    num_episodes: int = 5
    max_steps: int = 1000
    seed: int = 0
    num_frames: int = 100


@dataclass(frozen=True)
class Played:
    """An episode that was examined.

    Attributes:
        seed: of its game.
        steps: that were kept.
        score: of them.
        is_over: the game ended within them.
        objects_per_screen: that were found.
    """

    seed: int
    steps: int
    score: float
    is_over: bool
    objects_per_screen: float


@dataclass(frozen=True)
class Key:
    """What a figure is.

    Attributes:
        test: that gave it.
        quantity: that was measured.
        subject: of which: a kind of object, a fill, a layer; "" where there is only one.
        source: of the maps: `method` or a baseline.
    """

    test: str
    quantity: str
    subject: str = ""
    source: str = OWN


@dataclass(frozen=True)
class Figure:
    """One figure, over the episodes.

    Attributes:
        key: what it is.
        per_episode: one a game; NaN where the game has none.
        interval: mean over the episodes.
    """

    key: Key
    per_episode: tuple[float, ...]
    interval: Interval


@dataclass(frozen=True)
class Comparison:
    """A figure held against another one.

    Attributes:
        against: what it is held against, in words that go on from the claim.
        other: that figure.
        difference: of the two, positive where it speaks for the claim.
        verdict: `yes`, `no` or `not shown`; or why there is none.
        words: all of it, such as: points at moving objects better than an untrained network's map: yes,
            0.31 [0.27, 0.35] against 0.08.
        decides: the claim's verdict depends on it; else it is there to compare.
    """

    against: str
    other: Interval
    difference: Interval
    verdict: str
    words: str
    decides: bool = True


@dataclass(frozen=True)
class Claim:
    """What somebody who looks at a heatmap believes.

    Attributes:
        test: that decides.
        sentence: the claim.
        own: the method's figure.
        comparisons: with baselines, or with a bound.
        verdict: `yes` only where it is `yes` against all that is decisive.
    """

    test: str
    sentence: str
    own: Interval
    comparisons: tuple[Comparison, ...]
    verdict: str


@dataclass(frozen=True)
class MethodTrust:
    """What was found about one method.

    Attributes:
        method: its name.
        figures: all that was measured.
        claims: and what follows.
    """

    method: str
    figures: tuple[Figure, ...]
    claims: tuple[Claim, ...]

    @property
    def summary(self) -> str:
        """What was found, in one sentence."""
        return summarise_claims([(claim.sentence, claim.verdict) for claim in self.claims])

    def figure(self, key: Key) -> Figure | None:
        """Returns the figure of a key, if it was measured."""
        return next((figure for figure in self.figures if figure.key == key), None)

    def subjects(self, test: str, quantity: str) -> list[str]:
        """Returns what a test measured a quantity of, in its order."""
        keys = (figure.key for figure in self.figures)
        return list(dict.fromkeys(key.subject for key in keys if (key.test, key.quantity) == (test, quantity)))


@dataclass(frozen=True)
class Contest:
    """The objects test of two agents.

    Attributes:
        other: the second agent.
        other_episodes: that it played.
        scores: the mean score of both.
        claims: one a quantity and kind of object, of the first agent against the second.
    """

    other: Subject
    other_episodes: tuple[Played, ...]
    scores: tuple[float, float]
    claims: tuple[Claim, ...]


@dataclass(frozen=True)
class Trust:
    """Everything that was found about an agent's heatmaps.

    Attributes:
        agent: that was examined.
        settings: how.
        episodes: that it played.
        methods: what was found.
        contest: with another agent, if there was one.
        versions: of what computed it.
        seconds: it took.
    """

    agent: Subject
    settings: Settings
    episodes: tuple[Played, ...]
    methods: tuple[MethodTrust, ...]
    contest: Contest | None
    versions: dict[str, str]
    seconds: float

    @property
    def summary(self) -> str:
        """What was found, in one sentence for each method."""
        found = [(method.method, claim) for method in self.methods for claim in method.claims]
        return summarise_claims([(f"{name}: {claim.sentence}", claim.verdict) for name, claim in found])


def to_json(trust: Trust) -> dict[str, Any]:
    """Returns plain JSON values, what was found in one sentence first; None where there is no figure."""
    return {"summary": trust.summary, **to_plain(trust)}


def to_plain(value: Any) -> Any:
    """Turns records, however deep, into plain JSON values; None where there is no figure."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: to_plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Interval):
        return {name: to_plain(item) for name, item in value._asdict().items()}
    if isinstance(value, dict):
        return {name: to_plain(item) for name, item in value.items()}
    if isinstance(value, tuple | list):
        return [to_plain(item) for item in value]
    if isinstance(value, float):
        return float(f"{value:.6g}") if math.isfinite(value) else None
    return value
