"""The screens of an episode on which the costly tests run, and what painting them over does to the agent."""

from typing import NamedTuple

import numpy as np

from xdrl.agents import CHUNK, Agent
from xdrl.evaluation import Recording
from xdrl.memories import Memory, select
from xdrl.policies import divergences, merits
from xdrl.trust.known import POLICY

FRAMES = 100
"""Of an episode, one from each of as many stretches of it."""


VALUE = "value"
OUTPUTS = (POLICY, VALUE)
"""Whose changes the seven tests read; the league reads those of the action."""


class Frames(NamedTuple):
    """Some screens of an episode.

    Attributes:
        steps: int64 [N], which.
        screens: uint8 [N, 210, 160, 3].
        state: arrays [N, ...], the memory with which the agent saw them.
        actions: int64 [N], that were taken.
        merits: float64 [N, A], of the actions: see `xdrl.policies.merits`.
        values: float32 [N].
    """

    steps: np.ndarray
    screens: np.ndarray
    state: Memory
    actions: np.ndarray
    merits: np.ndarray
    values: np.ndarray

    def repeated(self, indices: np.ndarray) -> "Frames":
        """Returns the frames of some indices, int [M]; one may come more than once."""
        fields = (field[indices] for field in (self.actions, self.merits, self.values))
        return Frames(self.steps[indices], self.screens[indices], select(self.state, indices), *fields)


class Effects(NamedTuple):
    """What painting over did to each of N decisions.

    Attributes:
        policy: float64 [N], how far the policy moved, or the Q-values against each other: see `divergences`.
        value: float64 [N], the absolute change of the value.
        action: float64 [N], by how much the merit of the action that was taken fell, its log-probability or its
            advantage; below 0 where it rose.
    """

    policy: np.ndarray
    value: np.ndarray
    action: np.ndarray


def choose_frames(recording: Recording, count: int, generator: np.random.Generator) -> Frames:
    """Draws one step from each of `count` equal stretches of an episode; all steps where there are no more."""
    num_steps = len(recording.actions)
    edges = np.linspace(0, num_steps, min(count, num_steps) + 1).astype(int)
    steps = generator.integers(edges[:-1], edges[1:])
    state = select(recording.state, steps)
    found = merits(recording.logits[steps], recording.judges_actions)
    return Frames(steps, recording.screens[steps], state, recording.actions[steps], found, recording.values[steps])


def measure_effects(agent: Agent, frames: Frames, painted: np.ndarray) -> Effects:
    """Shows the agent painted screens, uint8 [N, 210, 160, 3], in place of the frames', the core state held fixed."""
    policies, values, actions = [], [], []
    for start in range(0, len(painted), CHUNK):
        part = slice(start, start + CHUNK)
        decision = agent.act(painted[part], select(frames.state, part))
        before, judges = frames.merits[part], decision.judges_actions
        drops = before - merits(decision.logits, judges)
        policies.append(divergences(before, decision.logits, judges))
        actions.append(np.take_along_axis(drops, frames.actions[part, None], -1)[:, 0])
        values.append(np.abs(decision.values.astype(float) - frames.values[part]))
    return Effects(np.concatenate(policies), np.concatenate(values), np.concatenate(actions))
