"""What comes of it where a game is changed: of the policy at once, and of whole games."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import softmax

from xdrl.agents import Agent
from xdrl.interventions.changes import DOWN, UP, Changes, Part, find_changes, unchanged
from xdrl.interventions.emulators import ChangedGames
from xdrl.memories import select
from xdrl.policies import divergences
from xdrl.trust.intervals import Interval, mean_interval
from xdrl.trust.records import to_plain

SHIFTS = (-24, -12, 12, 24)
"""Pixels that a part is moved by, downwards."""
EVERY = 10
"""Agent steps between two of a game at which parts are moved."""


@dataclass(frozen=True)
class Moved:
    """What moving a part does, as means over games with their 95 % intervals.

    Attributes:
        part: its name.
        moves: how often it was moved.
        divergence: how far the policy moves, or the Q-values against each other: see `xdrl.policies.divergences`.
        following: by how much more probable the actions become that follow it to where it was moved, less those that go
            the other way: between -2 and 2. An agent that judges actions takes the best one for sure.
        otherwise: share of the moves after which the agent would rather do something else.
    """

    part: str
    moves: int
    divergence: Interval
    following: Interval
    otherwise: Interval


@dataclass(frozen=True)
class Experiment:
    """An agent in a game that is changed.

    Attributes:
        game: its name.
        source: folder or file of the agent.
        agent_steps: it was trained for.
        num_games: of each kind.
        seed: of the games and of the actions.
        moved: what moving each part does.
        scores: mean of whole games under each rule.
        judges_actions: whether the agent has Q-values in place of a policy.
    """

    game: str
    source: str
    agent_steps: int
    num_games: int
    seed: int
    moved: tuple[Moved, ...]
    scores: dict[str, Interval]
    judges_actions: bool


def run_experiment(
    agent: Agent,
    num_games: int,
    max_steps: int,
    seed: int,
    on_progress: Callable[[int, int, str], None] = lambda done, total, what: None,
) -> Experiment:
    """Moves the parts of a game, and plays it under every rule; actions are drawn from the policy.

    Args:
        agent: of a game whose memory is known.
        num_games: of each kind, at least 2 for intervals.
        max_steps: agent steps of a game in which parts are moved.
        seed: of the games and of the actions; a rule's games begin like those of the others.
        on_progress: called with what is done, all there is to do, and what comes next.

    Raises:
        UserError: where things are in the game's memory is not known.
    """
    changes = find_changes(agent.game)
    total = 1 + len(changes.rules)
    on_progress(0, total, "moving what there is")
    moved = _move_parts(agent, changes, num_games, max_steps, seed)
    scores = {}
    for done, (name, rule) in enumerate(changes.rules.items(), 1):
        on_progress(done, total, f"playing: {name}")
        games = ChangedGames(agent.game, num_games, seed, rule)
        _play(agent, games, seed)
        scores[name] = mean_interval(games.scores)
    on_progress(total, total, "done")
    source = agent.provenance
    facts = agent.game.name, str(source.source), source.agent_steps
    return Experiment(*facts, num_games, seed, moved, scores, agent.judges_actions)


def experiment_to_json(experiment: Experiment) -> dict[str, Any]:
    """Returns plain JSON values; None where there is no figure."""
    values: dict[str, Any] = to_plain(experiment)
    return values


def _play(agent: Agent, games: ChangedGames, seed: int) -> None:
    generator, state = np.random.default_rng(seed), agent.initial_state(len(games.screens))
    while not games.is_over.all():
        decision = agent.act(games.screens, state)
        games.step(agent.draw_actions(decision, generator))
        state = decision.state


@dataclass(frozen=True)
class _Row:
    """One move: the game, the part, and what came of it."""

    game: int
    part: str
    divergence: float
    following: float
    otherwise: bool


def _move_parts(agent: Agent, changes: Changes, num_games: int, max_steps: int, seed: int) -> tuple[Moved, ...]:
    games, generator = ChangedGames(agent.game, num_games, seed, unchanged), np.random.default_rng(seed)
    state, rows = agent.initial_state(num_games), []
    for step in range(max_steps):
        decision = agent.act(games.screens, state)
        actions, state = agent.draw_actions(decision, generator), decision.state
        if step % EVERY:
            games.step(actions)
        else:
            for index in np.flatnonzero(~games.is_over):
                rows += _move_in(
                    agent, changes, games, int(index), int(actions[index]), select(state, np.array([index]))
                )
        if games.is_over.all():
            break
    return tuple(_summarise(part, rows, num_games) for part in changes.parts)


def _move_in(agent: Agent, changes: Changes, games: ChangedGames, index: int, action: int, state: Any) -> list[_Row]:
    """Takes an action in one game, with every part moved in turn, and asks what the agent would do next."""
    shown = games.step_as_if(index, action, changes, SHIFTS)
    if not shown or games.is_over[index]:
        return []
    seen = np.stack([games.screens[index], *(each.screen for each in shown)])
    logits, judges = agent.act(seen, select(state, np.zeros(len(seen), int))).logits.astype(float), agent.judges_actions
    probabilities = np.eye(logits.shape[-1])[logits.argmax(-1)] if judges else softmax(logits, axis=-1)
    moves = divergences(logits[0], logits, judges)
    deeds = [agent.game.deed(name) for name in agent.action_names]
    signs = np.array([(deed == DOWN) - (deed == UP) for deed in deeds])
    pulls = probabilities @ signs - probabilities[0] @ signs
    likeliest = _likeliest_deeds(deeds, probabilities)
    return [
        _Row(index, each.part.name, moves[row], pulls[row] * np.sign(each.shift), likeliest[row] != likeliest[0])
        for row, each in enumerate(shown, 1)
    ]


def _likeliest_deeds(deeds: list[str], probabilities: np.ndarray) -> list[str]:
    """What is most probably done in each of V cases, float [V, A], where actions that do the same count as one."""
    names = sorted(set(deeds))
    shares = np.stack([probabilities[:, [deed == name for deed in deeds]].sum(-1) for name in names], -1)
    return [names[index] for index in shares.argmax(-1)]


def _summarise(part: Part, rows: list[_Row], num_games: int) -> Moved:
    own = [row for row in rows if row.part == part.name]

    def over_games(name: str) -> Interval:
        found = [[float(getattr(row, name)) for row in own if row.game == game] for game in range(num_games)]
        return mean_interval([float(np.mean(each)) if each else np.nan for each in found])

    return Moved(part.name, len(own), over_games("divergence"), over_games("following"), over_games("otherwise"))
