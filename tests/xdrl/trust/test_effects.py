"""Deletion, insertion and occlusion, on an agent whose truth is known and on a real one."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.special import log_softmax

from xdrl.agents import CoreState, Decision
from xdrl.environments import find_protocol
from xdrl.evaluation import record_episode
from xdrl.games import Crop, find_game
from xdrl.objects.segmentation import find_objects
from xdrl.policies import merits
from xdrl.preprocessing import Box
from xdrl.trust.cells import find_cells, place_cells
from xdrl.trust.deletion import BLUR, SHARES, delete_and_insert, make_fill, rank_cells
from xdrl.trust.frames import Frames, choose_frames, measure_effects
from xdrl.trust.occlusion import agreement, occlude_objects

CELLS = place_cells((10, 10), Box(34, 0, 194, 160), Crop(34, 194))
USED = 23
"""The one cell that the agent below looks at."""


class OneCellAgent:
    """Its value is the brightness of one cell, and its first action's logit is, too: what matters to it is known."""

    def __init__(self, judges_actions: bool = False) -> None:
        self._judges_actions = judges_actions

    def act(self, screens: np.ndarray, state: CoreState) -> Decision:
        brightness = screens[:, CELLS.of_pixel == USED].mean((1, 2)) / 255
        logits = np.stack([brightness, np.zeros(len(screens))], -1)
        probabilities = np.exp(log_softmax(logits, axis=-1))
        judges = self._judges_actions
        return Decision(logits.argmax(-1), probabilities, logits, brightness, state, judges_actions=judges)


def look(screens: np.ndarray, judges_actions: bool = False) -> Frames:
    nothing = np.zeros((len(screens), 1), np.float32)
    decision = OneCellAgent().act(screens, CoreState(nothing, nothing))
    return Frames(
        np.arange(len(screens)),
        screens,
        decision.state,
        decision.actions,
        merits(decision.logits, judges_actions),
        decision.values,
    )


@pytest.fixture
def bright() -> Frames:
    return look(np.full((3, 210, 160, 3), 255, np.uint8))


def test_painting_nothing_changes_nothing_and_the_divergence_is_the_textbooks(bright: Frames):
    unchanged = measure_effects(OneCellAgent(), bright, bright.screens)
    np.testing.assert_allclose(unchanged.policy, 0, atol=1e-12)
    np.testing.assert_allclose(unchanged.value, 0, atol=1e-12)
    effects = measure_effects(OneCellAgent(), bright, np.zeros_like(bright.screens))
    p = 1 / (1 + np.exp(-1))
    np.testing.assert_allclose(effects.policy, p * np.log(p / 0.5) + (1 - p) * np.log((1 - p) / 0.5))
    np.testing.assert_allclose(effects.value, 1)


def test_of_an_agent_that_judges_actions_the_advantages_are_read(bright: Frames):
    frames = look(bright.screens, judges_actions=True)
    effects = measure_effects(OneCellAgent(judges_actions=True), frames, np.zeros_like(bright.screens))
    np.testing.assert_allclose(effects.policy, 0.5)  # Q-values of 1 and 0 become 0 and 0: each is half off their mean
    np.testing.assert_allclose(effects.action, 0.5)
    np.testing.assert_allclose(effects.value, 1)


@pytest.mark.parametrize(
    ("strength", "deletion", "insertion"),
    [
        (1, 1 - SHARES[0] / 2, SHARES[0] / 2),  # the used cell goes and comes first
        (-1, (1 - SHARES[-1]) / 2, 1 - (1 - SHARES[-1]) / 2),  # it goes and comes last
    ],
)
def test_the_areas_of_the_best_and_the_worst_map(bright: Frames, strength: float, deletion: float, insertion: float):
    maps = np.zeros((3, 100))
    maps[:, USED] = strength
    fill = make_fill("background", bright, np.zeros((210, 160, 3), np.uint8))
    areas = delete_and_insert(OneCellAgent(), bright, fill, maps, CELLS, np.random.default_rng(0))
    np.testing.assert_allclose(areas.deletion.value, deletion)
    np.testing.assert_allclose(areas.insertion.value, insertion)


def test_equal_cells_are_ranked_at_random_and_each_once():
    ranks = rank_cells(np.array([[0, 5, 0, 1.0]] * 200), np.random.default_rng(0))
    assert (np.sort(ranks, -1) == np.arange(4)).all()
    assert (ranks[:, 1] == 0).all()
    assert (ranks[:, 3] == 1).all()
    assert 0.4 < (ranks[:, 0] == 2).mean() < 0.6


def test_a_blur_wipes_out_a_ball_and_keeps_an_even_field():
    screens = np.full((1, 210, 160, 3), 100, np.uint8)
    screens[0, 100:104, 80:82] = 236
    blurred = make_fill(BLUR, look(screens), screens[0]).astype(int)
    assert blurred.shape == screens.shape
    assert np.abs(blurred - 100).max() <= 4
    assert (blurred[0, :, :20] == 100).all()


def test_frames_are_spread_over_the_episode(agent):
    recording = record_episode(agent, find_protocol("standard", agent.game), 25, is_greedy=False, seed=0)
    frames = choose_frames(recording, 5, np.random.default_rng(0))
    assert (frames.steps // 5).tolist() == [0, 1, 2, 3, 4]
    np.testing.assert_array_equal(frames.state.h, recording.state.h[frames.steps])
    np.testing.assert_allclose(np.exp(frames.merits), recording.probabilities[frames.steps], atol=1e-6)
    assert choose_frames(recording, 100, np.random.default_rng(0)).steps.tolist() == list(range(25))
    unchanged = measure_effects(agent, frames, frames.screens)
    np.testing.assert_allclose(unchanged.policy, 0, atol=1e-6)
    np.testing.assert_allclose(unchanged.value, 0, atol=1e-5)


def test_a_map_of_what_truly_matters_to_a_real_agent_beats_a_random_one(agent, tiny: SimpleNamespace):
    screens = tiny.play_randomly(agent, 4)
    decision = agent.act(screens)
    state = agent.initial_state(4)
    frames = Frames(
        np.arange(4),
        screens,
        state,
        decision.actions,
        merits(decision.logits, judges_actions=False),
        decision.values,
    )
    cells = find_cells(agent, agent.explain(screens))
    fill = make_fill("background", frames, np.median(screens, 0).astype(np.uint8))
    alone = []
    for cell in range(64):  # what each cell does when it alone is painted over
        painted = np.where((cells.of_pixel == cell)[..., None], fill, screens)
        alone.append(measure_effects(agent, frames, painted).value)
    truth, generator = np.stack(alone, -1), np.random.default_rng(0)
    best = delete_and_insert(agent, frames, fill, truth, cells, generator)
    worst = delete_and_insert(agent, frames, fill, -truth, cells, generator)
    random = [delete_and_insert(agent, frames, fill, generator.random((4, 64)), cells, generator) for _ in range(5)]
    chance = np.mean([areas.deletion.value.sum() for areas in random])
    assert best.deletion.value.sum() > 1.2 * chance > worst.deletion.value.sum()
    chance = np.mean([areas.insertion.value.sum() for areas in random])
    assert best.insertion.value.sum() < chance < worst.insertion.value.sum()


def test_occlusion_tells_the_object_that_is_used_from_the_one_that_is_not():
    screens = np.zeros((6, 210, 160, 3), np.uint8)
    used = np.argwhere(CELLS.of_pixel == USED)[0]
    for step in range(1, 6):
        screens[step, used[0] + 2 * step :, used[1] + 2 : used[1] + 10][:2] = 200
        screens[step, 150:154, 10 * step : 10 * step + 4] = 200
    scene = find_objects(screens, find_game("Breakout"))
    frames = look(screens)
    occlusions = occlude_objects(OneCellAgent(), frames, scene, CELLS)
    assert occlusions.frames.tolist() == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    is_used = occlusions.pixels[:, USED] > 0
    assert (occlusions.effects.value[is_used] > 0.01).all()
    np.testing.assert_allclose(occlusions.effects.value[~is_used], 0, atol=1e-12)
    maps = np.zeros((6, 100))
    maps[:, USED] = 1
    right, wrong, blank = (agreement(occlusions, values, CELLS.areas) for values in (maps, 1 - maps, 0 * maps))
    np.testing.assert_allclose(right.policy, 1)
    np.testing.assert_allclose(right.value, 1)
    np.testing.assert_allclose(wrong.value, -1)
    np.testing.assert_allclose(blank.value, 0)


def test_frames_with_one_object_have_no_order():
    screens = np.zeros((6, 210, 160, 3), np.uint8)
    screens[2, 100:110, 50:60] = 200
    scene = find_objects(screens, find_game("Breakout"))
    occlusions = occlude_objects(OneCellAgent(), look(screens), scene, CELLS)
    assert len(agreement(occlusions, np.ones((6, 100)), CELLS.areas).policy) == 0
