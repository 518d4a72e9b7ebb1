"""A league on a hand-made agent of which it is known what it looks at: a true method wins, and a false one loses."""

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
from xdrl.methods import OBSERVATION
from xdrl.networks import build_network
from xdrl.trust.known import ACTION, POLICY, choose_best, find_holding
from xdrl.trust.league import hold_league
from xdrl.trust.league_records import League
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


def map_of(low: float, high: float):
    """Returns a method that marks pixels of some brightness, whatever the network does with them."""

    def run(subject):
        pixels = subject.observation
        is_meant = tf.cast((pixels > low) & (pixels < high), tf.float32)
        maps = tf.nn.avg_pool2d(is_meant, 8, 8, "SAME")[..., 0]
        return describe(maps, tf.reduce_any(maps > 0, axis=(1, 2)), subject.run(pixels))

    return run


def still_map(subject):
    """A false explanation: the middle of the field, where the ball mostly is, on every screen."""
    found = map_of(0, 1)(subject)
    middle = tf.reshape(tf.range(10.0) * (9 - tf.range(10.0)), (1, 1, 10))
    maps = tf.tile(middle, (tf.shape(found.maps)[0], 10, 1))
    return describe(maps, tf.ones(tf.shape(maps)[:1], bool), found.outputs)


BALL, PADDLES, STILL = "ball", "paddles", "still"
HAND_MADE = {BALL: map_of(BRIGHTNESS_OF_A_BALL, 1), PADDLES: map_of(0.45, 0.6), STILL: still_map}


def hold(methods: tuple[str, ...], num_episodes: int, num_frames: int) -> League:
    with pytest.MonkeyPatch.context() as patch:
        for name, function in HAND_MADE.items():
            patch.setitem(METHODS, name, Method(function, name, "nobody", OBSERVATION))
        settings = Settings(methods, num_episodes, max_steps=120, num_frames=num_frames)
        return hold_league(make_ball_watcher(), settings)


@pytest.fixture(scope="module")
def league() -> League:
    return hold((BALL, PADDLES, STILL), num_episodes=4, num_frames=10)


def cell(league: League, method: str, test: str):
    (row,) = (row for row in league.rows if row.method == method)
    return row.cells[test]


def test_x(league):
    from rich.console import Console
    from xdrl.trust.league_view import league_view

    Console(width=80).print(league_view(league))
    assert 0


@pytest.mark.slow
def test_y():
    from rich.console import Console
    from xdrl.trust.league_view import league_view

    Console(width=80).print(
        league_view(hold(("blur", "occlusion", "sarfa", "grad-cam", PADDLES), num_episodes=6, num_frames=16))
    )
    assert 0
