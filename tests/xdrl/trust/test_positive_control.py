"""A league on a hand-made agent of which it is known what it looks at: a true method wins, and a false one loses."""

import json
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from xdrl.agents import Agent, Provenance
from xdrl.config import NetworkConfig
from xdrl.environments import action_names
from xdrl.explainers import METHODS
from xdrl.explainers.maps import describe
from xdrl.explainers.methods import Method
from xdrl.games import find_game
from xdrl.methods import CELLS, METHOD_ROWS, OBSERVATION, MethodRow
from xdrl.networks import build_network
from xdrl.trust.known import ACTION, OBJECTS, POLICY, check_known, choose_best
from xdrl.trust.league import FIRST_SEED, hold_league
from xdrl.trust.league_records import League, league_to_json
from xdrl.trust.records import Settings

BRIGHTNESS_OF_A_BALL = 0.6
"""Of luminance in [0, 1]: paddles have 0.58; a ball that lies half on a pixel has 0.63, a whole one 0.93."""


def make_ball_watcher() -> Agent:
    """Makes an agent that sees the ball, forgets, and goes where the ball is: up for the upper rows, down for others.

    The first convolution passes on what of each pixel is brighter than a paddle, the second adds it up over each cell,
    the hidden layer over the rows; the core's gates stand open but for the forget gate.
    """
    game = find_game("Pong")
    network = build_network(NetworkConfig("a3c", action_names(game), game.crop, 0.0, 1.0))
    for weight in network.weights:
        weight.assign(np.zeros(weight.shape))
    weights = {weight.path: weight for weight in network.weights}
    pixels = np.zeros((8, 8, 1, 16), np.float32)
    pixels[2:6, 2:6, 0] = np.eye(16).reshape(4, 4, 16)
    weights["convolution_1/kernel"].assign(pixels)
    weights["convolution_1/bias"].assign(np.full(16, -BRIGHTNESS_OF_A_BALL))
    blocks = np.zeros((4, 4, 16, 32), np.float32)
    blocks[1:3, 1:3, :, 0] = 30
    weights["convolution_2/kernel"].assign(blocks)
    rows = np.zeros((8, 8, 32, 256), np.float32)
    rows[np.arange(8), :, 0, np.arange(8)] = 1
    weights["hidden/kernel"].assign(rows.reshape(-1, 256))
    core, units = network.core, network.core_size
    cells = np.zeros(core.kernel.shape, np.float32)
    cells[np.arange(8), 2 * units + np.arange(8)] = 1
    core.kernel.assign(cells)
    core.bias.assign(np.repeat([10.0, -10.0, 0.0, 10.0], units))
    policy = np.zeros(network.policy_head.kernel.shape, np.float32)
    policy[:8, game_action("RIGHT")] = np.linspace(3, -3, 8)
    policy[:8, game_action("LEFT")] = np.linspace(-3, 3, 8)
    network.policy_head.kernel.assign(policy)
    return Agent(network, game, Provenance(Path("hand-made"), 0, 0.0))


def game_action(name: str) -> int:
    return action_names(find_game("Pong")).index(name)


def seen_map(subject):
    """A true explanation of the ball watcher: what its last convolution passes on is the ball, and nothing else."""
    feature_map = subject.extract(subject.observation)
    maps = tf.reduce_sum(feature_map, -1)
    return describe(maps, tf.reduce_any(maps > 0, axis=(1, 2)), subject.decide(feature_map, subject.observation))


def paddle_map(subject):
    """A false one: it marks the paddles, which the agent does not see, and does not ask the network."""
    pixels = subject.observation
    is_paddle = tf.cast((pixels > 0.45) & (pixels < BRIGHTNESS_OF_A_BALL), tf.float32)
    maps = tf.nn.avg_pool2d(is_paddle, 8, 8, "SAME")[..., 0]
    return describe(maps, tf.reduce_any(maps > 0, axis=(1, 2)), subject.run(pixels))


def still_map(subject):
    """Another false one: the middle of the field, where the ball mostly is, on every screen."""
    found = paddle_map(subject)
    middle = tf.reshape(tf.range(10.0) * (9 - tf.range(10.0)), (1, 1, 10))
    maps = tf.tile(middle, (tf.shape(found.maps)[0], 10, 1))
    return describe(maps, tf.ones(tf.shape(maps)[:1], bool), found.outputs)


SEEN, PADDLES, STILL = "seen", "paddles", "still"
HAND_MADE = {
    SEEN: Method(seen_map, "what the convolutions pass on", "nobody", CELLS),
    PADDLES: Method(paddle_map, "the paddles", "nobody", OBSERVATION),
    STILL: Method(still_map, "the middle", "nobody", OBSERVATION),
}
REPORTS: list[tuple[int, int, str]] = []


def hold(methods: tuple[str, ...], num_episodes: int, num_frames: int) -> League:
    with pytest.MonkeyPatch.context() as patch:
        for name, method in HAND_MADE.items():
            patch.setitem(METHODS, name, method)
            patch.setitem(METHOD_ROWS, name, MethodRow(method.description, method.source, method.lies_on))
        settings = Settings(methods, num_episodes, max_steps=100, num_frames=num_frames)
        return hold_league(make_ball_watcher(), settings, lambda *report: REPORTS.append(report))


pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def league() -> League:
    REPORTS.clear()
    return hold((SEEN, PADDLES, STILL), num_episodes=5, num_frames=8)


def holding(league: League, test: str) -> list[str]:
    return [row.method for row in league.rows if row.cells[test].holds]


def test_the_true_method_holds_and_the_false_ones_do_not(league: League):
    assert holding(league, POLICY) == [SEEN]
    seen, paddles, still = (row.cells[POLICY] for row in league.rows)
    assert seen.interval.mean > 0.7 and paddles.interval.mean < 0 and still.interval.mean < seen.interval.mean
    assert league.summary.startswith("On Pong, for “what does the policy need here?” seen holds")
    assert choose_best(league.known, POLICY, "grad-cam", "trust")[0] == SEEN


def test_a_map_that_knows_no_signs_does_not_say_what_speaks_for_the_action(league: League):
    assert holding(league, ACTION) == []


def test_what_points_at_objects_need_not_be_what_counts(league: League):
    paddles = league.rows[1].cells[OBJECTS].interval.mean
    assert paddles > 0.5, "it lies on objects, and yet holds for nothing"


def test_the_games_of_a_league_are_not_those_of_training_and_its_record_is_plain_json(league: League):
    assert [episode.seed for episode in league.episodes] == [FIRST_SEED + number for number in range(5)]
    assert [done for done, _, _ in REPORTS] == list(range(21)) and {total for _, total, _ in REPORTS} == {20}
    assert REPORTS[1][2] == "game 1 of 5: seen"
    assert all(len(cell.per_episode) == 5 for row in league.rows for cell in row.cells.values())
    record = json.loads(json.dumps(league_to_json(league), allow_nan=False))
    assert next(iter(record)) == "summary"
    assert check_known(record["known"])["screens"] == 40


def test_taking_objects_away_is_true_of_what_the_agent_sees():
    league = hold(("objects", PADDLES), num_episodes=4, num_frames=8)
    (objects, _) = (row.cells[POLICY] for row in league.rows)
    assert holding(league, POLICY) == ["objects"] and objects.interval.mean > 0.7


def test_offered_methods_are_judged_as_what_they_are():
    league = hold(("blur", "occlusion", "sarfa", "grad-cam", PADDLES), num_episodes=6, num_frames=12)
    assert "blur" in holding(league, POLICY) and PADDLES not in holding(league, POLICY)
    assert {"occlusion", "sarfa"} & set(holding(league, ACTION))
    assert PADDLES not in holding(league, ACTION)
