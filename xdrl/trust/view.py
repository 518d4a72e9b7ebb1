"""What an examination shows on the terminal, as rich renderables of 80 columns; nothing here prints."""

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from xdrl.policies import OF_Q_VALUES
from xdrl.trust.baselines import DECISIVE
from xdrl.trust.claims import judge, say_interval
from xdrl.trust.health import NEAR_UNIFORM
from xdrl.trust.intervals import unpaired_interval
from xdrl.trust.records import HEALTH, OBJECTS, OWN, Claim, Key, MethodTrust, Trust
from xdrl.trust.summary import NO, YES

MOSTLY = 0.5
"""Share of the steps from which on a fault is a warning."""


def trust_view(trust: Trust) -> RenderableType:
    """Shows everything: what was found in one sentence, warnings, the verdicts, the kinds of objects, the health."""
    agent, episodes = trust.agent, trust.episodes
    steps = sum(episode.steps for episode in episodes)
    title = f"{agent.game}, {agent.source}: {len(episodes)} episodes, {steps:,} steps"
    parts: list[RenderableType] = [Text(trust.summary, "bold"), Text(title)]
    parts += [Text(OF_Q_VALUES)] * agent.judges_actions
    parts += [Text(f"warning: {line}", "yellow") for line in find_warnings(trust)]
    for method in trust.methods:
        parts += ["", _claims_table(f"{method.method}: does the heatmap tell the truth?", method.claims)]
        parts += ["", _kinds_table(method), "", _health_table(method)]
    if trust.contest:
        other = trust.contest.other
        mine, theirs = trust.contest.scores
        parts += ["", _claims_table(f"Against {other.source}, {other.network}", trust.contest.claims)]
        parts.append(Text(f"Scores of the episodes: {mine:.1f} and {theirs:.1f} on average.", "dim"))
    return Group(*parts)


def find_warnings(trust: Trust) -> Iterator[str]:
    """Says what makes the figures worth less than they look."""
    episodes = trust.episodes
    if len(episodes) < 2:
        yield "one episode has no interval, so nothing can be shown; take more with --episodes"
    if not any(episode.objects_per_screen for episode in episodes):
        yield "no moving objects were found"
    for method in trust.methods:
        faults = {
            "blank": "the map is blank",
            "near uniform": f"the policy has more than {NEAR_UNIFORM:.0%} of the largest entropy: it hardly chooses",
        }
        for quantity, words in faults.items():
            found = method.figure(Key(HEALTH, quantity))
            if found and found.interval.mean > MOSTLY:
                yield f"{method.method}: on {found.interval.mean:.0%} of the steps {words}"
    if trust.contest:
        scores = [[episode.score for episode in group] for group in (episodes, trust.contest.other_episodes)]
        if judge(unpaired_interval(*scores)) in (YES, NO):
            yield "the two agents' scores differ, so their heatmaps may differ for that alone"


def _claims_table(title: str, claims: tuple[Claim, ...]) -> Table:
    """A row a claim: the verdict, the method's figure, and below it what is decisive."""
    table = Table(title=title, title_justify="left", width=80, show_header=False, show_lines=True)
    table.add_column(width=9)
    table.add_column()
    for claim in claims:
        words = Text(f"{claim.sentence}: {say_interval(claim.own)}")
        for comparison in claim.comparisons:
            if not comparison.decides:
                continue
            words.append(f"\n  {comparison.against} ({comparison.other.mean:.2f}): ", "dim")
            words.append(comparison.verdict, _style(comparison.verdict))
        table.add_row(Text(claim.verdict, _style(claim.verdict)), words)
    return table


def _style(verdict: str) -> str:
    return {YES: "green", NO: "red"}.get(verdict, "yellow")


def _kinds_table(method: MethodTrust) -> Table:
    table = Table(title="Where the maps are, by kind of object", title_justify="left", width=80)
    table.add_column("objects")
    names = ("hit - chance", "mass ratio")
    for name in names:
        table.add_column(name, justify="right")
    table.add_column("mass ratio, untrained", justify="right")
    for kind in method.subjects(OBJECTS, names[0]):
        own = [method.figure(Key(OBJECTS, name, kind, OWN)) for name in names]
        own.append(method.figure(Key(OBJECTS, names[1], kind, DECISIVE[0])))
        table.add_row(kind, *(say_interval(figure.interval) if figure else "-" for figure in own))
    return table


def _health_table(method: MethodTrust) -> Table:
    table = Table(title="Health: share of the steps", title_justify="left", width=80)
    figures = [figure for figure in method.figures if figure.key.test == HEALTH]
    for figure in figures:
        table.add_column(figure.key.quantity, justify="right")
    table.add_row(*(f"{figure.interval.mean:.2f}" for figure in figures))
    return table
