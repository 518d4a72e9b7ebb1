"""Plays whole games: many at once for a score, one with everything kept for an explanation."""

import itertools
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from xdrl.agents import Agent
from xdrl.config import SCORE_WINDOW
from xdrl.environments import VectorEnvironment, find_protocol
from xdrl.games import Protocol
from xdrl.memories import Memory, forget, join
from xdrl.streams import merge_in_threads

MAX_ENVS = 16
"""Games played side by side: enough to fill the network's batch on two cores."""


@dataclass(frozen=True)
class Episode:
    """A whole game.

    Attributes:
        index: in the order the games were started.
        score: true, not clipped.
        num_steps: agent steps.
        is_truncated: it was cut at its longest length.
    """

    index: int
    score: float
    num_steps: int
    is_truncated: bool


@dataclass(frozen=True)
class Summary:
    """The figures of Table I over N games.

    Attributes:
        num_episodes: N.
        mean: of the scores.
        standard_error: of the mean; NaN for a single game.
        best_mean_100: the best mean over 100 games in a row; None below 100 games.
        best_score: of one game.
    """

    num_episodes: int
    mean: float
    standard_error: float
    best_mean_100: float | None
    best_score: float


@dataclass(frozen=True, repr=False)
class Recording:
    """A game, or its first S steps, with everything the agent saw and thought.

    Attributes:
        screens: uint8 [S, 210, 160, 3].
        state: arrays [S, ...], the memory with which the screens were seen.
        actions: int64 [S], that were taken.
        logits: float32 [S, A].
        probabilities: float32 [S, A].
        values: float32 [S].
        rewards: float32 [S], true, that the actions led to.
        lives: int32 [S], after the actions.
        is_over: the game ended within the S steps.
        judges_actions: whether the logits are Q-values, and the values the largest of them.
    """

    screens: np.ndarray
    state: Memory
    actions: np.ndarray
    logits: np.ndarray
    probabilities: np.ndarray
    values: np.ndarray
    rewards: np.ndarray
    lives: np.ndarray
    is_over: bool
    judges_actions: bool = False

    @property
    def preferences(self) -> np.ndarray:
        """How good the actions looked: Q-values where the agent judges actions, else probabilities; float32 [S, A]."""
        return self.logits if self.judges_actions else self.probabilities


def play_episodes(
    agent: Agent,
    protocol: Protocol,
    num_episodes: int,
    *,
    is_greedy: bool,
    seed: int,
    num_threads: int = 1,
    on_steps: Callable[[int], None] = lambda count: None,
) -> Iterator[Episode]:
    """Plays the first N games that are started, so that short games are not preferred.

    Args:
        agent: that plays.
        protocol: how the game is played.
        num_episodes: N.
        is_greedy: take the most probable action; else draw from the policy.
        seed: of the games and of the draws.
        num_threads: that share the games among themselves, each with environments and draws of its own; the games
            differ with their number, and not with their speed.
        on_steps: called with the number of agent steps that were just played, from any thread.

    Yields:
        the games as they end.
    """
    num_threads = min(num_threads, num_episodes)
    max_envs = -(-MAX_ENVS // num_threads)

    def play(thread: int) -> Generator[Episode | None, None, None]:
        share = range(thread, num_episodes, num_threads)
        # Of one thread the seed itself, so that its games are those of every earlier evaluation.
        own_seed = seed if num_threads == 1 else int(np.random.SeedSequence([seed, thread]).generate_state(1)[0] >> 2)
        num_envs = min(len(share), max_envs)
        for episode in _play_in_turn(agent, protocol, len(share), num_envs, is_greedy, own_seed):
            if episode is None:
                on_steps(num_envs)
            yield episode and replace(episode, index=share[episode.index])

    yield from merge_in_threads([play(thread) for thread in range(num_threads)])


def _play_in_turn(
    agent: Agent, protocol: Protocol, num_episodes: int, num_envs: int, is_greedy: bool, seed: int
) -> Iterator[Episode | None]:
    """Plays side by side and yields the games as they end, and None after every step."""
    environment = VectorEnvironment(agent.game, num_envs, protocol)
    generator = np.random.default_rng(seed)
    screens = environment.reset(seed)
    state = agent.initial_state(num_envs)
    indices = np.arange(num_envs)
    started, scores, lengths = num_envs, np.zeros(num_envs), np.zeros(num_envs, int)
    try:
        while (indices < num_episodes).any():
            decision = agent.act(screens, state)
            actions = decision.actions if is_greedy else agent.draw_actions(decision, generator)
            steps = environment.step(actions)
            screens = steps.screens
            state = forget(decision.state, steps.is_fresh)
            scores = np.where(steps.is_first, 0, scores + steps.rewards)
            lengths = np.where(steps.is_first, 0, lengths + 1)
            for env in np.flatnonzero(steps.is_terminated | steps.is_truncated):
                if indices[env] < num_episodes:
                    is_truncated = bool(steps.is_truncated[env])
                    yield Episode(int(indices[env]), float(scores[env]), int(lengths[env]), is_truncated)
                indices[env] = started
                started += 1
            yield None
    finally:
        environment.close()


def record_episode(agent: Agent, protocol: Protocol, max_steps: int, *, is_greedy: bool, seed: int) -> Recording:
    """Plays one game and keeps everything.

    Args:
        agent: that plays.
        protocol: how the game is played.
        max_steps: kept at most; a screen takes 100 kB.
        is_greedy: take the most probable action; else draw from the policy.
        seed: of the game and of the draws.
    """
    with closing(play_steps(agent, protocol, is_greedy=is_greedy, seed=seed)) as game:
        return join_steps(list(itertools.islice(game, max_steps)))


def play_steps(agent: Agent, protocol: Protocol, *, is_greedy: bool, seed: int) -> Generator[Recording, None, None]:
    """Plays one game, a step at a time.

    Args:
        agent: that plays.
        protocol: how the game is played.
        is_greedy: take the most probable action; else draw from the policy.
        seed: of the game and of the draws.

    Yields:
        recordings of one step each; in the last one the game is over.
    """
    environment = VectorEnvironment(agent.game, 1, protocol)
    generator = np.random.default_rng(seed)
    screens, state = environment.reset(seed), agent.initial_state(1)
    is_over = False
    try:
        while not is_over:
            decision = agent.act(screens, state)
            actions = decision.actions if is_greedy else agent.draw_actions(decision, generator)
            steps = environment.step(actions)
            is_over = bool(steps.is_terminated[0] or steps.is_truncated[0])
            thoughts = decision.logits, decision.probabilities, decision.values
            judges = agent.judges_actions
            yield Recording(screens, state, actions, *thoughts, steps.rewards, steps.lives, is_over, judges)
            screens, state = steps.screens, forget(decision.state, steps.is_fresh)
    finally:
        environment.close()


def join_steps(parts: list[Recording]) -> Recording:
    """Joins recordings of a game that follow on each other, at least one."""
    names = ("screens", "actions", "logits", "probabilities", "values", "rewards", "lives")
    joined: dict[str, Any] = {name: np.concatenate([getattr(part, name) for part in parts]) for name in names}
    state = join([part.state for part in parts])
    return replace(parts[-1], state=state, **joined)


def summarise_episodes(episodes: list[Episode]) -> Summary:
    """Computes the figures of Table I; the games are taken in the order they were started."""
    scores = np.array([episode.score for episode in sorted(episodes, key=lambda episode: episode.index)])
    count = len(scores)
    best_mean = None
    if count >= SCORE_WINDOW:
        best_mean = float(np.convolve(scores, np.ones(SCORE_WINDOW) / SCORE_WINDOW, "valid").max())
    error = float(scores.std(ddof=1) / np.sqrt(count)) if count > 1 else float("nan")
    return Summary(count, float(scores.mean()), error, best_mean, float(scores.max()))


def evaluation_record(
    agent: Agent, protocol_name: str, episodes: list[Episode], *, is_greedy: bool, seed: int
) -> dict[str, Any]:
    """Returns what an evaluation found as plain JSON values, every game's score included."""
    summary = summarise_episodes(episodes)
    protocol = find_protocol(protocol_name, agent.game)
    ordered = sorted(episodes, key=lambda episode: episode.index)
    return {
        "game": agent.game.name,
        "agent": agent.provenance.source.as_posix(),
        "agent_steps": agent.provenance.agent_steps,
        "protocol": protocol_name,
        "frame_skip": protocol.frame_skip,
        "sticky_probability": protocol.sticky_probability,
        "actions": "greedy" if is_greedy else "sampled",
        "seed": seed,
        "num_episodes": summary.num_episodes,
        "mean": summary.mean,
        "standard_error": None if np.isnan(summary.standard_error) else summary.standard_error,
        "best_mean_100": summary.best_mean_100,
        "best_score": summary.best_score,
        "truncated_episodes": sum(episode.is_truncated for episode in ordered),
        "scores": [episode.score for episode in ordered],
        "lengths": [episode.num_steps for episode in ordered],
    }
