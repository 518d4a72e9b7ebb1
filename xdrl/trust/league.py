"""Holds a league of methods on one agent: plays episodes, tries every method on each, and judges them all."""

import dataclasses
import functools
import itertools
import time
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from statistics import median
from typing import NamedTuple

from xdrl.agents import Agent
from xdrl.machine import count_cores, describe_processor
from xdrl.methods import check_target, find_row
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


class Game(NamedTuple):
    """One game of a league.

    Attributes:
        played: what is reported of it.
        playing_milliseconds: of a screen that the network alone takes.
        readings: of every method.
    """

    played: Played
    playing_milliseconds: float
    readings: Mapping[str, Reading]


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
        check_target(method, find_row(method).needs_action, Target(CHOSEN))
    settings = dataclasses.replace(settings, seed=FIRST_SEED + settings.seed)
    untrained = copy_agent(agent)
    games: list[Game] = []
    total, done = settings.num_episodes * (1 + len(settings.methods)), itertools.count()

    def begin(number: int, what: str) -> None:
        on_progress(next(done), total, f"game {number + 1} of {settings.num_episodes}: {what}")

    for number in range(settings.num_episodes):
        games.append(try_methods(agent, untrained, settings, number, functools.partial(begin, number)))
    on_progress(total, total, "done")
    return join_games(agent, settings, games, time.monotonic() - started)


def try_methods(
    agent: Agent, untrained: Agent, settings: Settings, number: int, on_part: Callable[[str], None]
) -> Game:
    """Plays one game and tries all methods on it.

    Args:
        agent: that plays.
        untrained: an agent of its architecture; it forgets everything.
        settings: whose seed is that of the first game.
        number: of the game, from 0.
        on_part: called with what begins.
    """
    on_part("playing")
    seen = play_episode(agent, settings, number)
    for _ in randomise(untrained, fresh_weights(agent, number)):
        pass
    trial = Trial(agent, untrained, seen.recording, seen.scene, seen.played.seed, settings.num_frames)
    playing, readings = trial.time_playing(), {}
    for method in settings.methods:
        on_part(method)
        if not number:
            trial.warm_up(method)
        readings[method] = trial.read(method)
    return Game(seen.played, playing, readings)


def join_games(agent: Agent, settings: Settings, games: Sequence[Game], seconds: float) -> League:
    """Judges the methods by all games together."""
    return League(
        describe_agent(agent),
        settings,
        tuple(game.played for game in games),
        make_rows({method: [game.readings[method] for game in games] for method in settings.methods}),
        median(game.playing_milliseconds for game in games),
        f"{describe_processor()}, {count_cores()} cores",
        {name: version(name) for name in PACKAGES},
        seconds,
    )
