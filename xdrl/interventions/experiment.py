"""What comes of it where a game is changed: of the policy at once, and of whole games."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy.special import log_softmax

from xdrl.agents import Agent
from xdrl.games import Game
from xdrl.interventions.changes import Changes, Part, find_changes, unchanged
from xdrl.interventions.emulators import ChangedGames
from xdrl.memories import select
from xdrl.trust.intervals import Interval, mean_interval

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
        divergence: KL(policy as it is || policy with the part elsewhere), in nats.
        following: by how much more probable the actions become that follow it to where it was moved, less those that go
            the other way: between -2 and 2.
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
    """

    game: str
    source: str
    agent_steps: int
    num_games: int
    seed: int
    moved: tuple[Moved, ...]
    scores: dict[str, Interval]


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
    return Experiment(agent.game.name, str(source.source), source.agent_steps, num_games, seed, moved, scores)


def experiment_to_json(experiment: Experiment) -> dict[str, Any]:
    """Returns an experiment as plain JSON values."""
    values = asdict(experiment)
    intervals = {name: interval._asdict() for name, interval in experiment.scores.items()}
    moved = [
        {name: part._asdict() if isinstance(part, Interval) else part for name, part in vars(each).items()}
        for each in experiment.moved
    ]
    return values | {"moved": moved, "scores": intervals}


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
    logits = agent.act(seen, select(state, np.zeros(len(seen), int))).logits.astype(float)
    logs = log_softmax(logits, axis=-1)
    probabilities = np.exp(logs)
    divergences = (probabilities[0] * (logs[0] - logs)).sum(-1)
    signs = _directions(agent.game, agent.action_names, changes)
    pulls = probabilities @ signs - probabilities[0] @ signs
    deeds = _by_deed(agent.game, agent.action_names, probabilities)
    return [
        _Row(index, each.part.name, divergences[row], pulls[row] * np.sign(each.shift), bool(deeds[row] != deeds[0]))
        for row, each in enumerate(shown, 1)
    ]


def _directions(game: Game, action_names: tuple[str, ...], changes: Changes) -> np.ndarray:
    """1 for each action that goes down, -1 for each that goes up, int [A]."""
    meanings = [dict(game.meanings).get(name) for name in action_names]
    return np.array([(meaning == changes.down) - (meaning == changes.up) for meaning in meanings])


def _by_deed(game: Game, action_names: tuple[str, ...], probabilities: np.ndarray) -> np.ndarray:
    """What is most probably done in each of V cases, where actions that do the same count as one: indices, [V]."""
    deeds = [dict(game.meanings).get(name, name) for name in action_names]
    names = sorted(set(deeds))
    return np.stack([probabilities[:, [deed == name for deed in deeds]].sum(-1) for name in names], -1).argmax(-1)


def _summarise(part: Part, rows: list[_Row], num_games: int) -> Moved:
    own = [row for row in rows if row.part == part.name]

    def over_games(name: str) -> Interval:
        found = [[float(getattr(row, name)) for row in own if row.game == game] for game in range(num_games)]
        return mean_interval([float(np.mean(each)) if each else np.nan for each in found])

    return Moved(part.name, len(own), over_games("divergence"), over_games("following"), over_games("otherwise"))
