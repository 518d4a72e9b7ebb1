"""The screens before, without an object: for a memory by hand, and for the stack of frames of an imported agent."""

from types import SimpleNamespace

import numpy as np

from xdrl.agents import Agent, build_agent_network
from xdrl.games import find_game
from xdrl.memories import CoreState
from xdrl.nature_config import NatureConfig
from xdrl.objects.absences import weigh_objects
from xdrl.objects.asked import Asked
from xdrl.objects.replays import trace
from xdrl.objects.so_far import ObjectsSoFar, watch_game
from xdrl.storage.stored_agents import Provenance

BREAKOUT = find_game("Breakout")
STEPS = 6


def move(rows: list[int], columns: list[int]) -> np.ndarray:
    """Screens of an object that moves, and of one that stays, at (20, 150)."""
    screens = np.zeros((len(rows), 210, 160, 3), np.uint8)
    for screen, row, column in zip(screens, rows, columns, strict=True):
        screen[row : row + 4, column : column + 4] = 200
        screen[150:154, 20:24] = 90
    return screens


def act(screens: np.ndarray, memory: CoreState) -> SimpleNamespace:
    """The first action's logit counts the screens so far on which the bright object was, the present one included."""
    counts = memory.h + (screens == 200).any((1, 2, 3))[:, None]
    logits = np.concatenate([counts - 2.5, np.zeros_like(counts)], -1).astype(np.float32)
    probabilities = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    state = CoreState(counts, memory.c + 1)
    return SimpleNamespace(logits=logits, probabilities=probabilities, values=counts[:, 0], state=state)


def play(begins_at: int = 0) -> Asked:
    """The memory that the agent had on each screen; a life begins at one of them."""
    screens = move([60 + 5 * step for step in range(STEPS)], [40 + 3 * step for step in range(STEPS)])
    begun = np.maximum(np.arange(STEPS) - begins_at, 0) + begins_at * (np.arange(STEPS) < begins_at)
    counts = np.where(np.arange(STEPS) < begins_at, np.arange(STEPS), begun).astype(float)[:, None]
    seen = watch_game(screens, ObjectsSoFar(BREAKOUT, np.zeros((210, 160, 3), np.uint8)))
    return Asked(screens, CoreState(counts, counts), seen, np.zeros(STEPS, int))


def weigh(asked: Asked, replayed: int):
    return weigh_objects(act, asked, BREAKOUT, ("NOOP", "FIRE"), False, replayed)


def test_what_was_remembered_goes_with_the_object():
    last = weigh(play(), replayed=2)[-1]
    bright, dull = last.objects
    assert last.logits[0] == STEPS - 2.5
    assert bright.without.logits[0] == last.logits[0] - 1, "on this screen alone it is one less"
    assert bright.replayed.logits[0] == last.logits[0] - 3, "on this one and on two before it is three less"
    assert bright.replayed.value_change == -3 and not bright.replayed.acts_otherwise
    assert dull.replayed.logits[0] == dull.without.logits[0] == last.logits[0]
    assert "Had it not been there before either: NOOP 0.97 to 0.62, value −3.00." in last.words[0]
    assert "before either" not in last.words[1], "said where it differs"
    longer = weigh(play(), replayed=8)[-1].objects[0].replayed
    assert longer.logits[0] == -2.5 and longer.acts_otherwise, "all the screens there are"


def test_without_being_asked_nothing_is_replayed():
    assert all(item.replayed is None for found in weigh(play(), 0) for item in found.objects)


def test_a_life_that_begins_in_between_has_no_past():
    found = weigh(play(begins_at=4), replayed=5)[-1]
    assert found.logits[0] == 2 - 2.5
    assert found.objects[0].replayed.logits[0] == -2.5


def test_an_object_is_followed_to_the_nearest_of_its_kind_and_past_a_gap():
    screens = move([60, 64, 64, 72], [40, 44, 44, 50])
    screens[2, 64:68, 44:48] = 0  # not seen on one screen
    screens[0, 100:104, 120:124] = 200  # far away, and gone later
    seen = watch_game(screens, ObjectsSoFar(BREAKOUT, np.zeros((210, 160, 3), np.uint8)))
    bright = next(number for number, item in enumerate(seen[-1].objects) if item.top == 72)
    traced = trace(seen, [bright])
    tops = [[seen[step].objects[number].top for number in numbers] for step, numbers in enumerate(traced)]
    assert tops == [[60], [64], [], [72]]


def test_a_stack_of_frames_is_seen_without_the_object():
    # An agent that sees four screens at once sees nothing of an object that is gone from the last four.
    config = NatureConfig("tiny", ("NOOP", "FIRE", "RIGHT", "LEFT"), "policy", features=16)
    agent = Agent(build_agent_network(config), BREAKOUT, Provenance("tiny", 0, 0.0))
    screens = move([60 + 5 * step for step in range(STEPS)], [40 + 3 * step for step in range(STEPS)])
    states, state = [], agent.initial_state(1)
    for screen in screens:
        states.append(state)
        state = agent.act(screen, state).state
    memory = type(state)(*(np.concatenate(parts) for parts in zip(*states, strict=True)))
    seen = watch_game(screens, ObjectsSoFar(BREAKOUT, np.zeros((210, 160, 3), np.uint8)))
    bright = next(
        item for item in agent.weigh_objects(screens, memory, seen=seen, replayed=5)[-1].objects if item.box.top > 70
    )
    without = np.where(screens == 200, 0, screens).astype(np.uint8)
    state = agent.initial_state(1)
    for screen in without:
        decision = agent.act(screen, state)
        state = decision.state
    np.testing.assert_allclose(bright.replayed.logits, decision.logits[0], atol=1e-5)
    assert not np.allclose(bright.replayed.logits, bright.without.logits, atol=1e-7)
