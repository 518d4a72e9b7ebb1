"""Playing a real game over REST, with the core state fed back, is playing it with the live agent."""

from pathlib import Path

import numpy as np
import pytest

from serving.client import AgentClient
from xdrl.agents import load_agent
from xdrl.environments import VectorEnvironment
from xdrl.rollouts import sample_actions

ROOT = Path(__file__).parents[2]
SEED = 7


@pytest.mark.parametrize(
    ("num_steps", "is_sampled"),
    [(60, True), *(pytest.param(500, is_sampled, marks=pytest.mark.slow) for is_sampled in (False, True))],
)
def test_steps_over_rest_are_those_of_a_local_rollout(shipped_url, num_steps, is_sampled):
    agent, generator = load_agent(ROOT / "saved_models/Pong"), np.random.default_rng(SEED)
    served, live = VectorEnvironment(agent.game, 1), VectorEnvironment(agent.game, 1)
    served_screens, live_screens, state = served.reset(SEED), live.reset(SEED), agent.initial_state(1)
    actions = []
    with AgentClient(shipped_url, "Pong") as client:
        player = client.play(sample=is_sampled, seed=SEED)
        for _ in range(num_steps):
            answer, decision = player.step(served_screens[0]), agent.act(live_screens, state)
            state = decision.state
            chosen = sample_actions(decision.logits, generator) if is_sampled else decision.actions
            assert answer.action == chosen[0]
            assert answer.action_name == agent.action_names[answer.action]
            assert answer.value == pytest.approx(decision.values[0], abs=1e-4)
            # The exported graph and the live one add the same float32 numbers in another order.
            np.testing.assert_allclose(player.state.h, state.h[0], atol=5e-5)
            np.testing.assert_allclose(player.state.c, state.c[0], atol=1e-4)
            served_screens, live_screens = served.step(np.array([answer.action])).screens, live.step(chosen).screens
            np.testing.assert_array_equal(served_screens, live_screens)
            actions.append(answer.action)
    served.close()
    live.close()
    assert len(set(actions)) > 1
