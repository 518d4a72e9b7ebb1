"""The figures of the paper, from agents that play: the architecture, a strip of each game, and a grid of all games."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from keras import ops

from xdrl.agents import Agent
from xdrl.environments import find_protocol
from xdrl.evaluation import record_episode
from xdrl.explanations.episodes import ExplainedEpisode, explain_episode, most_telling_step
from xdrl.explanations.pictures import draw_grid, draw_strip
from xdrl.memories import select
from xdrl.pictures.architecture import Example, save_architecture
from xdrl.pictures.frames import save_png
from xdrl.pictures.overlays import overlay

SHOWN_CHANNELS = 4
"""Of the feature map, those that are strongest somewhere."""


def make_figures(agents: Sequence[Agent], folder: Path, max_steps: int, seed: int) -> Iterator[Path]:
    """Lets agents play, and draws Fig. 1 from the first one, Fig. 2 from each and Fig. 3 from all.

    Args:
        agents: of different games, at least one.
        folder: made where it is missing.
        max_steps: agent steps of a game that the figures are chosen from.
        seed: of the games and of the drawn actions.

    Yields:
        the files, as they are written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    episodes = []
    for agent in agents:
        rules = find_protocol(agent.protocol_name, agent.game)
        recording = record_episode(agent, rules, max_steps, is_greedy=False, seed=seed)
        episodes.append(explain_episode(agent, recording, "chosen", "grad-cam"))
        path = folder / f"figure-2-{agent.game.name}.png"
        save_png(path, draw_strip(agent, episodes[-1]))
        yield path
    path = folder / "figure-1.png"
    save_architecture(path, agents[0].network, telling_example(agents[0], episodes[0]))
    yield path
    path = folder / "figure-3.png"
    save_png(path, draw_grid(agents, episodes))
    yield path


def telling_example(agent: Agent, episode: ExplainedEpisode) -> Example:
    """Returns the step at which there is most to see, with everything the drawing of the architecture shows of it."""
    step = most_telling_step(episode)
    part = slice(step, step + 1)
    screens, heatmaps = episode.recording.screens[part], episode.heatmaps[part]
    observation, _ = agent.network.observe(screens, select(episode.recording.state, part))
    feature_map = ops.convert_to_numpy(agent.network.extract(observation))[0]
    strongest = np.argsort(-feature_map.max((0, 1)))[:SHOWN_CHANNELS]
    return Example(
        screen=screens[0],
        observation=ops.convert_to_numpy(observation)[0, ..., -1],
        channels=np.moveaxis(feature_map[..., strongest], -1, 0),
        heatmap=heatmaps[0],
        overlay=ops.convert_to_numpy(overlay(screens, heatmaps, episode.explanation.box))[0],
        action=agent.action_names[episode.recording.actions[step]],
    )
