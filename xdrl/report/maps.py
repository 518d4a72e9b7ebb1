"""The maps that a report or a live page shows: every target of one method, and single targets of others."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from xdrl.agents import Agent
from xdrl.errors import UserError
from xdrl.evaluation import Recording
from xdrl.methods import OBJECTS
from xdrl.objects.effects import ScreenObjects
from xdrl.objects.maps import find_strengths
from xdrl.preprocessing import Box
from xdrl.targets import ACTION, CHOSEN, CONTRAST, VALUE, parse_target


@dataclass(frozen=True)
class MapSet:
    """A map a step of one method and target.

    Attributes:
        method: that made them.
        target: what they are about.
        maps: float32 [S, h, w], raw.
        peaks: float32 [S].
        statuses: list of S: `ok`, `all_negative`, `zero_gradient` or `not_finite`.
        box: the part of the screen that the maps are stretched over.
    """

    method: str
    target: str
    maps: np.ndarray
    peaks: np.ndarray
    statuses: list[str]
    box: Box


@dataclass(frozen=True)
class ObjectSet:
    """How much the objects on every step matter to one target.

    Attributes:
        method: `objects`.
        target: what it is about.
        values: float32 [M] of each of S steps; they are painted on the objects' pixels.
        peaks: float32 [S].
        statuses: list of S: as of a map, or `no_objects`.
    """

    method: str
    target: str
    values: list[np.ndarray]
    peaks: np.ndarray
    statuses: list[str]


@dataclass(frozen=True)
class Maps:
    """All maps of an episode.

    Attributes:
        sets: the first one is the one that was asked for.
        left_out: a line for every method and target that could not be computed.
        objects: of every step, where a set is of objects.
    """

    sets: list[MapSet | ObjectSet]
    left_out: list[str]
    objects: Sequence[ScreenObjects] = ()


def targets_of(action_names: Iterable[str]) -> list[str]:
    """Returns every target of a game: the action taken, the value, the contrast, and the last two for each action."""
    names = list(action_names)
    if len(names) < 2:
        return [CHOSEN, VALUE]  # the only action can be held against no other
    return [CHOSEN, VALUE, CONTRAST, *(f"{ACTION}:{name}" for name in names), *(f"{CONTRAST}:{name}" for name in names)]


def explain_recording(
    agent: Agent,
    recording: Recording,
    method: str,
    target: str,
    others: Mapping[str, Sequence[str]],
    on_target: Callable[[int, int], None] = lambda done, total: None,
    objects: Sequence[ScreenObjects] = (),
) -> Maps:
    """Explains an episode for every target of one method, and for some of others.

    Args:
        agent: that played.
        recording: the game.
        method: whose every target is explained.
        target: that comes first; it has to work.
        others: targets of other methods.
        on_target: called with the number of targets explained so far, and of all.
        objects: what the agent would do without those of every step, where that was looked at already.

    Raises:
        UserError: the method or the target that was asked for cannot be computed.
    """
    wanted = [(method, target), *((method, other) for other in targets_of(agent.action_names) if other != target)]
    wanted += [(other, each) for other, targets in others.items() if other != method for each in targets]
    if not objects and any(each == OBJECTS for each, _ in wanted):
        objects = agent.weigh_objects(recording.screens, recording.state, recording.actions)
    sets: list[MapSet | ObjectSet] = []
    left_out: list[str] = []
    for number, (each_method, each_target) in enumerate(wanted, 1):
        try:
            if each_method == OBJECTS:
                sets.append(object_set(objects, each_target, agent.action_names))
            else:
                sets.append(explain_target(agent, recording, each_method, each_target))
        except (UserError, ValueError) as error:  # one target that does not work costs no other its map
            if not sets:
                raise
            left_out.append(f"{each_method}, {each_target}: {' '.join(str(error).split())}")
        on_target(number, len(wanted))
    return Maps(sets, left_out, objects)


def object_set(objects: Sequence[ScreenObjects], target: str, action_names: tuple[str, ...]) -> ObjectSet:
    """Says how much the objects of every step matter to a target.

    Raises:
        UserError: there is no such target.
    """
    found = find_strengths(objects, parse_target(target, action_names))
    return ObjectSet(OBJECTS, target, found.values, found.peaks, found.statuses)


def explain_target(agent: Agent, recording: Recording, method: str, target: str) -> MapSet:
    """Explains every step of a recording, the core state held fixed.

    Raises:
        UserError: there is no such method or target.
    """
    asked, actions = target, recording.actions
    kind, _, name = target.partition(":")
    if kind == ACTION and name in agent.action_names:
        # The logit of a named action is that of the chosen one where every step chose it: one graph for all actions.
        asked, actions = CHOSEN, np.full(len(actions), agent.action_names.index(name))
    found = agent.explain(recording.screens, recording.state, asked, method, actions)
    return MapSet(method, target, found.maps, found.peaks, found.statuses, found.box)
