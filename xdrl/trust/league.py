"""Holds a league of methods on one agent: plays episodes, tries every method on each, and judges them all."""

import dataclasses
import itertools
import time
from importlib.metadata import version
from statistics import median

from xdrl.agents import Agent
from xdrl.explainers import find_method
from xdrl.machine import count_cores, describe_processor
from xdrl.targets import CHOSEN, Target
from xdrl.trust.contest import describe_agent
from xdrl.trust.episodes import play_episode
from xdrl.trust.examination import PACKAGES, OnProgress
from xdrl.trust.league_claims import make_rows
from xdrl.trust.league_records import League
from xdrl.trust.randomisation import copy_agent, fresh_weights, randomise
from xdrl.trust.records import Played, Settings
from xdrl.trust.trial import Reading, Trial

FIRST_SEED = 2**30
"""Of the games: training draws its seeds below."""
FRAMES = 40
"""Of an episode: the slow methods look at each a hundred times, and their untrained twins as often."""


def hold_league(agent: Agent, settings: Settings, on_progress: OnProgress = lambda done, total, what: None) -> League:
    """Holds a league.

    Args:
        agent: whose maps are judged.
        settings: methods, episodes and screens; its seed is added to `FIRST_SEED`.
        on_progress: for a progress bar.

    Raises:
        UserError: there is no such method, or it does not explain actions.
    """
    started = time.monotonic()
    for method in settings.methods:
        find_method(method).check(Target(CHOSEN))
    settings = dataclasses.replace(settings, seed=FIRST_SEED + settings.seed)
    untrained = copy_agent(agent)
    played: list[Played] = []
    playing: list[float] = []
    readings: dict[str, list[Reading]] = {method: [] for method in settings.methods}
    total, done = settings.num_episodes * (1 + len(readings)), itertools.count()

    def begin(number: int, what: str) -> None:
        on_progress(next(done), total, f"game {number + 1} of {settings.num_episodes}: {what}")

    for number in range(settings.num_episodes):
        begin(number, "playing")
        seen = play_episode(agent, settings, number)
        played.append(seen.played)
        for _ in randomise(untrained, fresh_weights(agent, seen.played.seed - FIRST_SEED)):
            pass
        trial = Trial(agent, untrained, seen.recording, seen.scene, seen.played.seed, settings.num_frames)
        playing.append(trial.time_playing())
        for method, found in readings.items():
            begin(number, method)
            if not found:
                trial.warm_up(method)
            found.append(trial.read(method))
    on_progress(total, total, "done")
    return League(
        describe_agent(agent),
        settings,
        tuple(played),
        make_rows(readings),
        median(playing),
        f"{describe_processor()}, {count_cores()} cores",
        {name: version(name) for name in PACKAGES},
        time.monotonic() - started,
    )
