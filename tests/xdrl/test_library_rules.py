"""The protocol of other libraries: every life begins anew, and the game goes on."""

import numpy as np
import pytest

from xdrl.environments import VectorEnvironment, find_protocol
from xdrl.games import find_game


def test_a_lost_life_begins_anew_with_the_ball_served_and_the_game_goes_on():
    game = find_game("Breakout")
    environment = VectorEnvironment(game, 2, find_protocol("sb3", game))
    environment.reset(0)
    lives, fresh, over = [], [], []
    for _ in range(200):
        steps = environment.step(np.zeros(2, np.int64))  # nobody serves the ball but the protocol
        lives.append(steps.lives[0])
        fresh.append(steps.is_fresh[0])
        over.append(steps.is_terminated[0])
        if steps.is_first[0]:
            break
    environment.close()
    first = over.index(True)
    assert over.count(True) == 1 and lives[first] == 0
    changes = [step for step in range(1, first) if lives[step] < lives[step - 1]]
    assert len(changes) == 4
    assert [step for step in range(first) if fresh[step]] == changes
    assert fresh[first + 1] and not fresh[first]


def test_lives_cannot_begin_anew_and_end_the_episode():
    game = find_game("Breakout")
    with pytest.raises(ValueError, match="begin anew"):
        VectorEnvironment(game, 1, find_protocol("sb3", game), life_loss_terminates=True)
