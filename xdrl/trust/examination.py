"""Examines an agent: plays episodes, runs the tests on each, and draws the conclusions."""

import time
from collections.abc import Callable, Sequence
from importlib.metadata import version

from xdrl.agents import Agent
from xdrl.errors import UserError
from xdrl.methods import find_row
from xdrl.trust.claims import make_claims
from xdrl.trust.contest import describe_agent, hold_contest
from xdrl.trust.episodes import play_episode
from xdrl.trust.intervals import mean_interval
from xdrl.trust.measuring import PARTS, Readings, Stage, measure_episode
from xdrl.trust.randomisation import copy_agent, layers_from_top
from xdrl.trust.records import Contest, Figure, MethodTrust, Played, Settings, Trust

PACKAGES = ("numpy", "scipy", "tensorflow", "keras", "ale-py")
"""Whose versions are reported."""
OnProgress = Callable[[int, int, str], None]
"""Called with the parts that are done, the parts there are, and what begins now."""


def examine(
    agent: Agent,
    settings: Settings,
    rival: Agent | None = None,
    on_progress: OnProgress = lambda done, total, what: None,
) -> Trust:
    """Examines an agent's heatmaps.

    Args:
        agent: to examine.
        settings: how.
        rival: an agent of the same game whose heatmaps are held against the first one's; None for no comparison.
        on_progress: for a progress bar.

    Raises:
        UserError: there is no such method, or the rival plays another game.
    """
    started = time.monotonic()
    for method in settings.methods:
        find_row(method)
    if rival is not None and rival.game != agent.game:
        raise UserError(f"expected an agent of {agent.game.name} to compare with, got one of {rival.game.name}")
    counter = _Counter(settings, rival is not None, on_progress)
    played, readings = _play_and_measure(agent, settings, counter)
    figures = {method: _over_episodes(found) for method, found in readings.items()}
    last_layer = list(layers_from_top(agent.network))[-1]
    methods = tuple(MethodTrust(name, found, make_claims(found, last_layer)) for name, found in figures.items())
    contest: Contest | None = None
    if rival is not None:

        def on_episode(number: int) -> None:
            counter.begin(number, "the other agent")

        contest = hold_contest(played, figures, rival, settings, on_episode)
    counter.end()
    versions = {name: version(name) for name in PACKAGES}
    seconds = time.monotonic() - started
    return Trust(describe_agent(agent), settings, tuple(played), methods, contest, versions, seconds)


def _play_and_measure(
    agent: Agent, settings: Settings, counter: "_Counter"
) -> tuple[list[Played], dict[str, list[Readings]]]:
    copy = copy_agent(agent)
    played: list[Played] = []
    readings: dict[str, list[Readings]] = {method: [] for method in settings.methods}
    for number in range(settings.num_episodes):
        counter.begin(number, "playing")
        seen = play_episode(agent, settings, number)
        played.append(seen.played)
        for method, found in readings.items():

            def on_part(part: str, number: int = number, method: str = method) -> None:
                counter.begin(number, f"{method}, {part}")

            stage = Stage(agent, copy, seen.recording, seen.scene, method, settings.seed + number, settings.num_frames)
            found.append(measure_episode(stage, on_part))
    return played, readings


def _over_episodes(readings: Sequence[Readings]) -> tuple[Figure, ...]:
    """Joins the episodes' figures; one that an episode lacks, such as of a kind it never shows, is NaN there."""
    keys = list(dict.fromkeys(key for reading in readings for key in reading))
    values = {key: tuple(reading.get(key, float("nan")) for reading in readings) for key in keys}
    return tuple(Figure(key, episodes, mean_interval(episodes)) for key, episodes in values.items())


class _Counter:
    """Counts the parts of an examination."""

    def __init__(self, settings: Settings, has_rival: bool, on_progress: OnProgress) -> None:
        self._settings, self._on_progress, self._begun = settings, on_progress, 0
        self._total = settings.num_episodes * (1 + len(PARTS) * len(settings.methods) + has_rival)

    def begin(self, number: int, what: str) -> None:
        """Reports that a part of an episode begins."""
        words = f"episode {number + 1} of {self._settings.num_episodes}: {what}"
        self._on_progress(self._begun, self._total, words)
        self._begun += 1

    def end(self) -> None:
        """Reports that all is done."""
        self._on_progress(self._total, self._total, "done")
