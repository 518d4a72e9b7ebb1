"""Which of two agents of one game has the heatmaps that show objects better?"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from xdrl.agents import Agent
from xdrl.targets import CHOSEN
from xdrl.trust.cells import ALL, cover_kinds, find_cells
from xdrl.trust.claims import compare, single_claim
from xdrl.trust.episodes import SeenEpisode, play_episode
from xdrl.trust.measuring import Readings, read_objects
from xdrl.trust.records import OBJECTS, OWN, Claim, Contest, Figure, Played, Settings, Subject

SENTENCES = {"hit - chance": "points at {}", "mass ratio": "lies on {}"}


def describe_agent(agent: Agent) -> Subject:
    """Returns where an agent comes from."""
    provenance = agent.provenance
    source, kind = provenance.source.as_posix(), agent.network.config.kind
    return Subject(agent.game.name, source, provenance.agent_steps, kind, agent.judges_actions)


def hold_contest(
    episodes: Sequence[Played],
    figures: Mapping[str, Sequence[Figure]],
    other: Agent,
    settings: Settings,
    on_episode: Callable[[int], None] = lambda number: None,
) -> Contest:
    """Lets a second agent play, and holds the first one's objects test against its own.

    The two play different games, whatever the seed, so the episodes are not paired.

    Args:
        episodes: that the first one played.
        figures: what was measured of it, by method.
        other: the second one, of the same game.
        settings: as the first one was examined.
        on_episode: called with the number of each episode when it begins.
    """
    played: list[Played] = []
    readings: dict[str, list[Readings]] = {method: [] for method in figures}
    for number in range(settings.num_episodes):
        on_episode(number)
        seen = play_episode(other, settings, number)
        played.append(seen.played)
        for method, found in readings.items():
            found.append(_read_objects(other, seen, method))
    scores = tuple(float(np.mean([episode.score for episode in group])) for group in (episodes, played))
    rival = describe_agent(other)
    words = f"better than the other agent's, {rival.network}"
    claims = [
        _compare(f"{method}: " if len(figures) > 1 else "", figure, readings[method], words)
        for method, measured in figures.items()
        for figure in measured
        if figure.key.source == OWN and figure.key.test == OBJECTS and figure.key.quantity in SENTENCES
    ]
    return Contest(rival, tuple(played), (scores[0], scores[1]), tuple(claims))


def _read_objects(agent: Agent, seen: SeenEpisode, method: str) -> Readings:
    recording = seen.recording
    explanation = agent.explain(recording.screens, recording.state, CHOSEN, method, recording.actions)
    cells = find_cells(agent, explanation)
    maps = {OWN: explanation.maps.reshape(len(recording.actions), -1)}
    return read_objects(maps, cover_kinds(seen.scene, cells), cells)


def _compare(prefix: str, figure: Figure, readings: Sequence[Readings], words: str) -> Claim:
    key = figure.key
    others = [reading.get(key, float("nan")) for reading in readings]
    objects = "moving objects" if key.subject == ALL else f"objects of the kind {key.subject}"
    sentence = prefix + SENTENCES[key.quantity].format(objects)
    return single_claim(sentence, figure, compare(sentence, figure, others, words, is_paired=False))
