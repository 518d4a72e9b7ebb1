"""Verdicts: what one believes of a heatmap, held against what knows nothing of the agent."""

import itertools
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from xdrl.objects.kinds import KINDS
from xdrl.trust.baselines import BASELINES, DECISIVE
from xdrl.trust.cells import ALL
from xdrl.trust.deletion import DELETION, FILLS, INSERTION
from xdrl.trust.frames import OUTPUTS
from xdrl.trust.intervals import Interval, mean_interval, paired_interval, unpaired_interval
from xdrl.trust.records import (
    NO_FIGURE,
    NOT_SHOWN,
    OBJECTS,
    OCCLUSION,
    ONE_EPISODE,
    RANDOMISATION,
    REMOVAL,
    SPECIFICITY,
    Claim,
    Comparison,
    Figure,
    Key,
)
from xdrl.trust.summary import NO, YES

MOST_ALIKE = 0.5
"""Rank correlation with the trained agent's maps that is left when every layer has forgotten, at most."""
LEAST_SPECIFIC = 0.9
"""Correlation of the maps of two actions, at most."""


class Belief(NamedTuple):
    """A claim before it is tested.

    Attributes:
        key: of the figure that decides.
        sentence: the claim.
        chance: the figure of a map that knows nothing; None where it differs from screen to screen, and a random map
            among the baselines tells it.
        sign: 1 where more is better, -1 where less is.
    """

    key: Key
    sentence: str
    chance: float | None
    sign: int = 1


BELIEFS = (
    Belief(Key(OBJECTS, "hit - chance", ALL), "points at moving objects", 0),
    Belief(Key(OBJECTS, "mass ratio", ALL), "lies on moving objects", 1),
    Belief(Key(OBJECTS, "mass on nothing"), "keeps off places that show nothing but background", None, -1),
    *(Belief(Key(OBJECTS, "mass ratio", kind), f"lies on objects of the kind {kind}", 1) for kind in KINDS),
    *(
        belief
        for output, fill in itertools.product(OUTPUTS, FILLS)
        for belief in (
            Belief(Key(REMOVAL, f"{DELETION}, {output}", fill), f"finds what the {output} needs (deleted, {fill})", 1),
            Belief(
                Key(REMOVAL, f"{INSERTION}, {output}", fill),
                f"finds what the {output} is made of (put back, {fill})",
                1,
                -1,
            ),
        )
    ),
    *(Belief(Key(OCCLUSION, output), f"marks the objects that the {output} uses", 0) for output in OUTPUTS),
)
"""What is held against baselines."""


def judge(difference: Interval) -> str:
    """Says what an interval of a difference, positive where it speaks for a claim, means for it."""
    if not difference.episodes:
        return NO_FIGURE
    if not difference.is_known:
        return ONE_EPISODE
    return YES if difference.low > 0 else NO if difference.high < 0 else NOT_SHOWN


def judge_all(verdicts: Sequence[str]) -> str:
    """Joins verdicts on all that has to hold: the worst one."""
    ranks = (NO, NO_FIGURE, ONE_EPISODE, NOT_SHOWN, YES)
    return min(verdicts, key=ranks.index, default=NO_FIGURE)


def compare(
    sentence: str,
    figure: Figure,
    others: Sequence[float],
    against: str,
    sign: int = 1,
    is_paired: bool = True,
    decides: bool = True,
) -> Comparison:
    """Holds a figure against another one.

    Args:
        sentence: the claim.
        figure: of the method.
        others: the other figure, one an episode; where `is_paired` of the same episodes.
        against: what the other figure is, in words that go on from the sentence.
        sign: 1 where more is better, -1 where less is.
        is_paired: whether the episodes are the same.
        decides: the claim's verdict depends on it.
    """
    pair = (figure.per_episode, others)[::sign]
    difference = paired_interval(*pair) if is_paired else unpaired_interval(*pair)
    verdict, other = judge(difference), mean_interval(others)
    words = f"{sentence} {against}: {verdict}, {say_interval(figure.interval)} against {other.mean:.2f}"
    return Comparison(against, other, difference, verdict, words, decides)


def single_claim(sentence: str, figure: Figure, comparison: Comparison) -> Claim:
    """Returns a claim that one comparison decides."""
    return Claim(figure.key.test, sentence, figure.interval, (comparison,), comparison.verdict)


def make_claims(figures: Sequence[Figure], last_layer: str) -> tuple[Claim, ...]:
    """Tests every belief.

    Args:
        figures: of one method.
        last_layer: that forgot, after all the others.
    """
    by_key = {figure.key: figure for figure in figures}
    claims = [_against_baselines(by_key, belief) for belief in BELIEFS if belief.key in by_key]
    forgotten = by_key.get(Key(RANDOMISATION, "rank correlation", last_layer))
    if forgotten:
        claims.append(_below(forgotten, "changes when the network forgets what it learnt", MOST_ALIKE))
    alike = by_key.get(Key(SPECIFICITY, "correlation with the runner-up's map"))
    if alike:
        claims.append(_below(alike, "is about the action, not about any action", LEAST_SPECIFIC))
    return (*claims, *_between_kinds(by_key))


def _against_baselines(by_key: dict[Key, Figure], belief: Belief) -> Claim:
    """What is decisive comes first: chance, the untrained network and the mean map."""
    own, key = by_key[belief.key], belief.key
    comparisons = []
    if belief.chance is not None:
        chance = (belief.chance,) * len(own.per_episode)
        comparisons.append(compare(belief.sentence, own, chance, "better than chance", belief.sign))
    for source, words in BASELINES.items():
        other = by_key.get(Key(key.test, key.quantity, key.subject, source))
        if other:
            against, decides = f"better than {words}", source in DECISIVE
            comparisons.append(compare(belief.sentence, own, other.per_episode, against, belief.sign, decides=decides))
    verdict = judge_all([comparison.verdict for comparison in comparisons if comparison.decides])
    return Claim(key.test, belief.sentence, own.interval, tuple(comparisons), verdict)


def _below(figure: Figure, sentence: str, bound: float) -> Claim:
    others = (bound,) * len(figure.per_episode)
    return single_claim(sentence, figure, compare(sentence, figure, others, "enough for the bound", -1))


def _between_kinds(by_key: dict[Key, Figure]) -> Iterable[Claim]:
    """Holds the kinds of objects against each other, the stronger against the weaker."""
    found = [
        figure
        for key, figure in by_key.items()
        if key == Key(OBJECTS, "mass ratio", key.subject) and key.subject != ALL and figure.interval.episodes
    ]
    found.sort(key=lambda figure: -figure.interval.mean)
    for stronger, weaker in itertools.combinations(found, 2):
        sentence = f"marks the kind {stronger.key.subject} more"
        words = f"than the kind {weaker.key.subject}"
        comparison = compare(sentence, stronger, weaker.per_episode, words)
        yield single_claim(f"{sentence} {words}", stronger, comparison)


def say_interval(interval: Interval, digits: int = 2) -> str:
    """Says a mean and its interval, such as 0.31 [0.27, 0.35]."""
    if not interval.episodes:
        return NO_FIGURE
    ends = f" [{interval.low:.{digits}f}, {interval.high:.{digits}f}]" if interval.is_known else ""
    return f"{interval.mean:.{digits}f}{ends}"
