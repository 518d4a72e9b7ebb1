"""What an export brings along for the server's page: a piece of a game to step through, and what stands still in it."""

import base64
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from serving.answers import STATE
from xdrl.agents import Agent
from xdrl.backgrounds import measure_background
from xdrl.environments import find_protocol
from xdrl.evaluation import Recording, record_episode
from xdrl.explanations.highlights import tellings
from xdrl.memories import Memory
from xdrl.storage.files import replaced_file

SHOWN_GAME = Path("assets.extra") / "game.json"
"""Where the embedded server's page finds it."""
RECORDED_STEPS, SHOWN_STEPS = 150, 24
"""Agent steps that are played, and those of them that are shown."""


def record_shown_game(agent: Agent) -> dict[str, Any]:
    """Plays a game and describes its most telling piece.

    Args:
        agent: that plays.

    Returns:
        plain JSON values: `screens`, PNG in base 64, `count` of them one below the other; `state_h`, `state_c` or what
        else the agent remembers, with which it saw the first; `begins`, those before which it forgot all;
        `action_labels`; and `background`, what stands still on the screens, as PNG.
    """
    protocol = find_protocol(agent.protocol_name, agent.game)
    recording = record_episode(agent, protocol, RECORDED_STEPS, is_greedy=False, seed=1)
    start = _most_telling_start(agent, recording)
    shown = recording.screens[start : start + SHOWN_STEPS]
    return {
        "screens": _as_png(np.concatenate(shown)),
        "count": len(shown),
        **{f"{STATE}{name}": part[start].tolist() for name, part in recording.state._asdict().items()},
        "begins": [step for step in range(1, len(shown)) if _is_blank(recording.state, start + step)],
        "action_labels": [agent.game.label(name) for name in agent.action_names],
        "background": _as_png(measure_background(recording.screens)),
    }


def write_shown_game(agent: Agent, version: Path) -> None:
    """Writes the piece of a game into an export; what it has of it is replaced.

    Raises:
        UserError: it cannot be written.
    """
    with replaced_file(version / SHOWN_GAME) as aside:
        aside.write_text(json.dumps(record_shown_game(agent)) + "\n", "utf-8")


def _most_telling_start(agent: Agent, recording: Recording) -> int:
    peaks = agent.explain(recording.screens, recording.state, actions=recording.actions).peaks
    told = np.concatenate([[0], tellings(recording.preferences, peaks).cumsum()])
    width = min(SHOWN_STEPS, len(peaks))
    return int((told[width:] - told[:-width]).argmax())


def _is_blank(memory: Memory, step: int) -> bool:
    return not any(part[step].any() for part in memory)


def _as_png(picture: np.ndarray) -> str:
    return base64.b64encode(tf.io.encode_png(picture, compression=9).numpy()).decode()


if __name__ == "__main__":
    from xdrl.agent_finder import load_agent

    for version in map(Path, sys.argv[1:]):
        write_shown_game(load_agent(version), version)
