"""Plays the episodes on which an agent is examined, and finds their objects."""

from typing import NamedTuple

import numpy as np

from xdrl.agents import Agent
from xdrl.environments import find_protocol
from xdrl.evaluation import Recording, record_episode
from xdrl.objects.segmentation import Scene, find_objects
from xdrl.trust.records import Played, Settings


class SeenEpisode(NamedTuple):
    """An episode and its objects.

    Attributes:
        recording: what the agent saw and thought.
        scene: the objects on the screens.
        played: what is reported of it.
    """

    recording: Recording
    scene: Scene
    played: Played


def play_episode(agent: Agent, settings: Settings, number: int) -> SeenEpisode:
    """Plays an episode under the protocol that the agent was made for, with actions drawn as it is meant to.

    Args:
        agent: that plays.
        settings: how many steps are kept, and the seed of the first episode.
        number: of the episode, from 0; it is added to the seed.
    """
    seed = settings.seed + number
    protocol = find_protocol(agent.protocol_name, agent.game)
    recording = record_episode(agent, protocol, settings.max_steps, is_greedy=False, seed=seed)
    scene = find_objects(recording.screens, agent.game)
    count = float(np.mean([len(objects) for objects in scene.objects]))
    score = float(recording.rewards.sum())
    return SeenEpisode(recording, scene, Played(seed, len(recording.actions), score, recording.is_over, count))
