"""The network of imported agents: what it sees, carries and answers, for every head."""

import numpy as np
import pytest

from xdrl.agent_networks import take_step
from xdrl.agents import Agent, Provenance
from xdrl.errors import UserError
from xdrl.evaluation import record_episode
from xdrl.games import Protocol, find_game
from xdrl.imported_config import ACTION_VALUES, ATOMS, FIRST_SCREEN, POLICY, QUANTILES
from xdrl.memories import first_memory
from xdrl.nature import build_nature
from xdrl.nature_config import OWN, NatureConfig, nature_config_from_json, nature_config_to_json
from xdrl.trust.randomisation import HEADS, layers_from_top

ACTIONS = ("NOOP", "FIRE", "RIGHT", "LEFT")


def make_config(**changes) -> NatureConfig:
    return NatureConfig(**{"kind": "test", "action_names": ACTIONS, "head": POLICY, "features": 8} | changes)


@pytest.fixture(scope="module")
def screens() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (2, 210, 160, 3)).astype(np.uint8)


def test_a_stack_begins_with_zeros_and_forgets_the_oldest(screens):
    network = build_nature(make_config(frames=3))
    observation, memory = network.observe(screens, first_memory(network.memory_parts, 2))
    seen = np.asarray(observation)
    assert seen.shape == (2, 84, 84, 3) and not seen[..., :2].any() and seen[..., 2].any()
    later, _ = network.observe(screens[::-1], memory)
    np.testing.assert_array_equal(np.asarray(later)[..., 1], seen[..., 2])
    assert not np.asarray(later)[..., 0].any()


def test_a_stack_begins_with_the_first_screen_even_if_it_is_black():
    network = build_nature(make_config(padding=FIRST_SCREEN))
    black, white = np.zeros((1, 210, 160, 3), np.uint8), np.full((1, 210, 160, 3), 255, np.uint8)
    assert list(network.memory_parts) == ["frames", "begun"]
    observation, memory = network.observe(white, first_memory(network.memory_parts, 1))
    assert np.asarray(observation).min() == 1
    _, memory = network.observe(black, first_memory(network.memory_parts, 1))
    observation, _ = network.observe(white, memory)
    assert np.asarray(observation)[0, 0, 0].tolist() == [0, 0, 0, 1]


@pytest.mark.parametrize(
    ("head", "support"), [(ACTION_VALUES, (0, 0.0, 0.0)), (QUANTILES, (5, 0.0, 0.0)), (ATOMS, (5, -2.0, 2.0))]
)
def test_the_value_of_what_judges_actions_is_the_largest_and_random_ones_are_drawn(screens, head, support):
    network = build_nature(make_config(head=head, support=support, epsilon=0.2))
    outputs = take_step(network, screens, first_memory(network.memory_parts, 2))
    logits = np.asarray(outputs.logits)
    assert logits.shape == (2, 4)
    np.testing.assert_array_equal(outputs.values, logits.max(-1))
    probabilities = np.asarray(network.weigh_actions(logits))
    np.testing.assert_allclose(np.sort(probabilities, -1), [[0.05, 0.05, 0.05, 0.85]] * 2, rtol=1e-5)
    assert (probabilities.argmax(-1) == logits.argmax(-1)).all()
    if head == ATOMS:
        assert np.abs(logits).max() <= 2


def test_a_core_of_its_own_is_carried_for_the_critic(screens):
    network = build_nature(make_config(core_units=4, critic_core=OWN, frames=2))
    assert list(network.memory_parts) == ["frames", "h", "c", "critic_h", "critic_c"]
    outputs = take_step(network, screens, first_memory(network.memory_parts, 2))
    assert [tuple(part.shape[1:]) for part in outputs.memory] == [(84, 84, 1), (4,), (4,), (4,), (4,)]
    assert list(layers_from_top(network)) == [
        HEADS, "critic_core", "core", "hidden", "convolution_3", "convolution_2", "convolution_1",
    ]  # fmt: skip


def test_the_cells_lie_where_the_receptive_fields_lie():
    box = build_nature(make_config()).heatmap_box
    assert box == pytest.approx((14 * 2.5, 14 * 160 / 84, 70 * 2.5, 70 * 160 / 84))


def test_an_agent_without_randomness_draws_the_best_action():
    game = find_game("Breakout")
    network = build_nature(make_config(head=ACTION_VALUES))
    agent = Agent(network, game, Provenance("tiny", 0, 0.0))
    assert (agent.judges_actions, agent.protocol_name) == (True, "sb3")
    recording = record_episode(agent, Protocol(lives_begin_anew=True), 3, is_greedy=False, seed=0)
    np.testing.assert_array_equal(recording.actions, recording.logits.argmax(-1))
    assert recording.state.frames.shape == (3, 84, 84, 3)
    with pytest.raises(UserError, match="expected a state of frames, got tuple"):
        agent.act(recording.screens[:1], ())


def test_a_description_comes_back_from_json():
    config = make_config(head=ATOMS, support=(51, -10.0, 10.0), core_units=3)
    assert nature_config_from_json(nature_config_to_json(config)) == config


@pytest.mark.parametrize(
    "changes", [{"head": "x"}, {"frames": 0}, {"features": 10**9}, {"support": (10**6, 0.0, 1.0)}, {"epsilon": 2.0}]
)
def test_what_makes_no_sense_is_refused(changes):
    with pytest.raises(UserError, match="expected"):
        make_config(**changes)
