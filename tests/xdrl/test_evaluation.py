"""Playing whole games: which count, what they score, and the figures over them."""

import dataclasses
import json

import numpy as np
import pytest

import xdrl.evaluation
from xdrl.environments import VectorEnvironment, find_protocol
from xdrl.evaluation import (
    Episode,
    evaluation_record,
    play_episodes,
    record_episode,
    summarise_episodes,
)
from xdrl.games import Protocol
from xdrl.rollouts import sample_actions

SIDE_BY_SIDE, NUM_GAMES, SEED = 3, 5, 3


@pytest.fixture(scope="module")
def breakout(tiny):
    """An agent of a game that is over soon; its policy is uniform, so that games are the same on every machine."""
    agent = tiny.make_agent(game_name="Breakout")
    for weight in (agent.network.policy_head.kernel, agent.network.policy_head.bias):
        weight.assign(np.zeros(weight.shape))
    return agent


@dataclasses.dataclass
class Played:
    """A game of the separate simulation."""

    start: int
    env: int
    end: int = 0
    score: float = 0.0


def simulate(agent, num_envs: int, seed: int, steps: int) -> list[Played]:
    """Steps environments on and on with sampled actions; returns the games that ended, in the order they started."""
    environment = VectorEnvironment(agent.game, num_envs)
    generator = np.random.default_rng(seed)
    screens = environment.reset(seed)
    state = agent.initial_state(num_envs)
    current = [Played(0, env) for env in range(num_envs)]
    ended = []
    for step in range(1, steps + 1):
        decision = agent.act(screens, state)
        found = environment.step(sample_actions(decision.logits, generator))
        screens = found.screens
        state = type(state)(*(np.where(found.is_first[:, None], 0, part) for part in decision.state))
        for env in range(num_envs):
            if found.is_first[env]:
                current[env] = Played(step, env)
                continue
            current[env].score += float(found.rewards[env])
            if found.is_terminated[env] or found.is_truncated[env]:
                current[env].end = step
                ended.append(current[env])
    environment.close()
    return sorted(ended, key=lambda game: (game.start, game.env))


@pytest.fixture(scope="module")
def simulated(breakout) -> list[Played]:
    return simulate(breakout, SIDE_BY_SIDE, SEED, steps=350)


@pytest.fixture(scope="module")
def played(breakout) -> list[Episode]:
    """The first games, in the order in which they were yielded."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(xdrl.evaluation, "MAX_ENVS", SIDE_BY_SIDE)
        return play(breakout, NUM_GAMES)


def play(agent, count: int, protocol: Protocol | None = None, is_greedy: bool = False, seed: int = SEED):
    return list(play_episodes(agent, protocol or Protocol(), count, is_greedy=is_greedy, seed=seed))


@pytest.mark.slow
def test_the_games_that_count_are_the_first_that_started(simulated, played):
    first_started = simulated[:NUM_GAMES]
    first_ended = sorted(simulated, key=lambda game: game.end)[:NUM_GAMES]
    assert any(game not in first_started for game in first_ended), "the seed tells nothing"
    assert sorted(episode.index for episode in played) == list(range(NUM_GAMES))
    found = sorted(played, key=lambda episode: episode.index)
    # The first step of a later game only shows its first screen.
    assert [episode.num_steps for episode in found] == [game.end - game.start for game in first_started]
    assert [episode.score for episode in found] == [game.score for game in first_started]
    assert max(episode.score for episode in found) > 0
    assert not any(episode.is_truncated for episode in found)


def test_games_are_yielded_as_they_end(simulated, played):
    expected = sorted(range(NUM_GAMES), key=lambda index: (simulated[index].end, simulated[index].env))
    assert [episode.index for episode in played] == expected != list(range(NUM_GAMES))


def test_threads_share_the_games_and_a_seed_gives_the_same_ones_again(breakout):
    def play_in_threads(seed: int) -> list[Episode]:
        options = {"is_greedy": False, "seed": seed, "num_threads": 2, "on_steps": steps.append}
        games = play_episodes(breakout, Protocol(), 4, **options)
        return sorted(games, key=lambda episode: episode.index)

    steps: list[int] = []
    first, again = (play_in_threads(seed) for seed in (SEED, SEED))
    assert [episode.index for episode in first] == list(range(4))
    assert sum(steps) >= sum(episode.num_steps for episode in (*first, *again))
    assert first == again
    # Each thread's games are games of their own.
    assert len({(episode.score, episode.num_steps) for episode in first}) > 2


@pytest.mark.parametrize("is_greedy", [pytest.param(True, marks=pytest.mark.slow), False])
def test_a_seed_gives_the_same_games_again(tiny, is_greedy):
    agent = tiny.make_agent(game_name="Asterix")
    first, again, other = (record_episode(agent, Protocol(), 60, is_greedy=is_greedy, seed=seed) for seed in (5, 5, 6))
    np.testing.assert_array_equal(first.actions, again.actions)
    np.testing.assert_array_equal(first.screens, again.screens)
    assert (first.screens != other.screens).any()
    short = Protocol(max_frames=160)
    first, again = (play(agent, 2, short, is_greedy, seed=5) for _ in range(2))
    assert first == again


def test_greedy_takes_the_most_probable_actions_and_sampled_does_not(agent):
    greedy, sampled = (record_episode(agent, Protocol(), 40, is_greedy=flag, seed=1) for flag in (True, False))
    np.testing.assert_array_equal(greedy.actions, greedy.logits.argmax(-1))
    assert (sampled.actions != sampled.logits.argmax(-1)).any()


def test_a_game_that_is_cut_counts_and_says_so(breakout):
    episodes = play(breakout, 2, protocol=Protocol(max_frames=120))
    assert all(episode.is_truncated and episode.num_steps <= 30 for episode in episodes)


def episodes_of(scores) -> list[Episode]:
    return [Episode(index, float(score), 10, index == 0) for index, score in enumerate(scores)]


def test_mean_and_standard_error_of_literal_scores():
    summary = summarise_episodes(episodes_of([2, 4, 4, 6]))
    # Deviations -2, 0, 0, 2: variance 8 / 3, divided by 4 games.
    assert (summary.num_episodes, summary.mean, summary.best_score) == (4, 4, 6)
    assert summary.standard_error == pytest.approx((8 / 3 / 4) ** 0.5)
    assert summary.best_mean_100 is None


def test_the_best_average_is_over_100_games_in_the_order_they_started():
    scores = [10] * 50 + [0] * 10 + [20] * 60
    # Games 20 to 119: 30 tens, 10 zeros, 60 twenties.
    summary = summarise_episodes(episodes_of(scores)[::-1])
    assert summary.best_mean_100 == pytest.approx((30 * 10 + 60 * 20) / 100)
    assert summarise_episodes(episodes_of([3] * 100)).best_mean_100 == pytest.approx(3)
    assert summarise_episodes(episodes_of([3] * 99)).best_mean_100 is None


def test_a_single_game_has_no_standard_error():
    assert np.isnan(summarise_episodes(episodes_of([7])).standard_error)


def test_the_record_is_json_with_every_game_in_order(agent):
    record = evaluation_record(agent, "sticky", episodes_of([2, 4, 4, 6])[::-1], is_greedy=True, seed=9)
    read = json.loads(json.dumps(record, allow_nan=False))
    assert read == record
    expected = {"game": "Pong", "agent_steps": 40, "protocol": "sticky", "frame_skip": 4, "sticky_probability": 0.25}
    expected |= {"actions": "greedy", "seed": 9, "num_episodes": 4, "mean": 4, "best_mean_100": None, "best_score": 6}
    expected |= {"truncated_episodes": 1, "scores": [2, 4, 4, 6], "lengths": [10] * 4}
    assert {name: read[name] for name in expected} == expected


def test_the_record_of_a_single_game_is_json_without_nan(agent):
    record = evaluation_record(agent, "standard", episodes_of([7]), is_greedy=False, seed=0)
    assert record["standard_error"] is None
    json.dumps(record, allow_nan=False)


def test_a_recording_holds_what_the_agent_saw_and_thought(agent):
    recording = record_episode(agent, Protocol(), 12, is_greedy=False, seed=4)
    assert recording.screens.shape == (12, 210, 160, 3) and recording.screens.dtype == np.uint8
    assert not recording.is_over
    assert (
        recording.rewards.shape == recording.lives.shape == recording.values.shape == recording.actions.shape == (12,)
    )
    state = agent.initial_state(1)
    for step in range(12):
        np.testing.assert_array_equal(recording.state.h[step], state.h[0])
        np.testing.assert_array_equal(recording.state.c[step], state.c[0])
        decision = agent.act(recording.screens[step : step + 1], state)
        np.testing.assert_array_equal(recording.logits[step], decision.logits[0])
        np.testing.assert_array_equal(recording.probabilities[step], decision.probabilities[0])
        assert recording.values[step] == decision.values[0]
        state = decision.state


def test_a_recording_ends_with_the_game(breakout):
    recording = record_episode(breakout, Protocol(), 2000, is_greedy=False, seed=SEED)
    game = simulate(breakout, 1, SEED, steps=len(recording.actions))[0]
    assert recording.is_over and len(recording.actions) == game.end
    assert recording.rewards.sum() == game.score
    assert recording.lives[-1] == 0 and recording.lives[0] > 0


def test_the_papers_protocol_draws_the_frame_skip_and_ends_after_its_steps(tiny):
    agent = tiny.make_agent(game_name="BeamRider")
    protocol = find_protocol("paper", agent.game)
    assert (protocol.frame_skip, protocol.max_steps) == ((2, 4), 10_000)
    recording = record_episode(agent, protocol, 10, is_greedy=False, seed=0)
    assert recording.screens.shape == (10, 210, 160, 3)
    short = dataclasses.replace(protocol, max_steps=25)
    episodes = play(agent, 2, protocol=short)
    assert [(episode.num_steps, episode.is_truncated) for episode in episodes] == [(25, True)] * 2
    assert play(agent, 2, protocol=short) == episodes
    assert evaluation_record(agent, "paper", episodes, is_greedy=False, seed=0)["frame_skip"] == (2, 4)
