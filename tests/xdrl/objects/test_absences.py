"""What an agent would do without objects, for policies by hand whose truth is known, and for a real one."""

from collections.abc import Callable, Sequence
from types import SimpleNamespace

import numpy as np
import pytest

from xdrl.games import GAMES, find_game
from xdrl.memories import CoreState
from xdrl.objects.absences import ALL_SETS, MOST_THINGS, Asked, weigh_objects
from xdrl.objects.effects import ScreenObjects
from xdrl.objects.gathering import gather
from xdrl.objects.maps import find_strengths, paint_strengths
from xdrl.objects.so_far import ObjectsSoFar
from xdrl.preprocessing import Box
from xdrl.targets import Target

BREAKOUT = find_game("Breakout")
NAMES = ("NOOP", "LEFT", "RIGHT")


def place(index: int) -> tuple[slice, slice]:
    """Where the object of a number is, far from the others."""
    return slice(60 + 20 * (index // 6), 66 + 20 * (index // 6)), slice(10 + 24 * (index % 6), 14 + 24 * (index % 6))


def make_screen(count: int) -> np.ndarray:
    screen = np.zeros((210, 160, 3), np.uint8)
    for index in range(count):
        screen[place(index)] = 200
    return screen


def ask(count: int, logits_of: Callable[[np.ndarray], Sequence], action: int = 1, judges: bool = False):
    """Weighs objects for a policy of which ones are there, bool [M], to three logits; returns calls' sizes, too."""
    sizes = []

    def act(screens: np.ndarray, memory: CoreState) -> SimpleNamespace:
        sizes.append(len(screens))
        is_there = [[bool(screen[place(index)].any()) for index in range(count)] for screen in screens]
        logits = np.array([logits_of(np.array(each, bool)) for each in is_there], np.float32)
        probabilities = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
        values = memory.h[:, 0] + np.array([sum(each) for each in is_there])
        return SimpleNamespace(logits=logits, probabilities=probabilities, values=values)

    screen = make_screen(count)
    seen = ObjectsSoFar(BREAKOUT, np.zeros_like(screen)).see(screen)
    memory = CoreState(np.full((1, 1), 7.0), np.zeros((1, 1)))
    asked = Asked(screen[None], memory, [seen], np.array([action]))
    (found,) = weigh_objects(act, asked, BREAKOUT, NAMES, judges)
    return found, sizes


def index_of(found: ScreenObjects, number: int) -> int:
    """Which of the objects found is the one of a number."""
    rows, columns = place(number)
    return found.labels[rows.start, columns.start] - 1


def test_each_object_says_what_its_absence_does():
    found, _ = ask(3, lambda there: [0, 2 * there[0] + 0.5 * there[1], 0])
    first, second, third = (found.objects[index_of(found, number)] for number in range(3))
    assert [index_of(found, number) for number in range(3)] == [0, 1, 2], "the one that matters most comes first"
    assert (first.name, first.count, first.area) == ("object", 1, 24)
    assert first.box == Box(60, 10, 66, 14)
    before, after = np.exp(2.5) / (2 + np.exp(2.5)), np.exp(0.5) / (2 + np.exp(0.5))
    assert (first.before, first.without.after) == (pytest.approx(before), pytest.approx(after))
    shares = [np.array([1, np.exp(logit), 1]) / (2 + np.exp(logit)) for logit in (2.5, 0.5)]
    assert first.without.divergence == pytest.approx((shares[0] * np.log(shares[0] / shares[1])).sum())
    assert first.without.value_change == pytest.approx(-1)
    assert third.without.divergence == pytest.approx(0) and third.before == third.without.after
    assert second.without.action_then == 1 and not second.without.acts_otherwise
    assert found.words[0] == f"Without the object at (12, 63): LEFT {before:.2f} to {after:.2f}, value −1.00."


def test_of_few_objects_every_set_is_tried_in_one_batch():
    found, sizes = ask(ALL_SETS, lambda there: [0, 1 if there.any() else -1, 0])
    assert sizes == [2**ALL_SETS] and found.tried == 2**ALL_SETS - 1 and found.is_exhaustive
    assert found.fewest.numbers == (0, 1, 2, 3) and found.fewest.action_then in (0, 2)
    assert found.fewest_words.startswith(
        "It takes 4 objects to change its mind: without the object at (12, 63) and the object at"
    )


def test_two_that_stand_in_for_each_other_are_found_together():
    found, sizes = ask(7, lambda there: [0.5, (there[2] or there[5]) + 0.1 * there[[2, 5]].sum(), 0])
    assert {index_of(found, 2), index_of(found, 5)} == set(found.fewest.numbers) and found.fewest.action_then == 0
    assert (
        len(sizes) == 2
        and sum(sizes) <= 2 + 7 + 6 + 4
        and found.fewest_words.startswith("It takes 2 objects to")
        and "tried" not in found.fewest_words
    )


def test_one_that_decides_ends_the_search():
    found, sizes = ask(7, lambda there: [0.5, 1 if there[3] else 0, 0])
    assert found.fewest.numbers == (index_of(found, 3),) and sizes == [9]


def test_an_agent_that_looks_at_nothing_has_no_deciding_objects():
    found, _ = ask(2, lambda there: [0, 1, 0])
    assert found.fewest is None
    assert found.fewest_words == "Without any of them, alone or together, it would still prefer LEFT."
    assert found.words == [f"Without the object at ({x}, 63): LEFT 0.58 to 0.58, value −1.00." for x in (12, 36)]
    one, _ = ask(1, lambda there: [0, 1, 0])
    assert one.fewest_words == "Without it, it would still prefer LEFT."
    many, _ = ask(6, lambda there: [0, 1, 0])
    assert "sets of them, it would still prefer LEFT" in many.fewest_words and not many.is_exhaustive


def test_a_screen_without_objects_says_so():
    found, sizes = ask(0, lambda there: [0, 1, 0])
    assert (found.objects, found.words, sizes) == ((), [], [1])
    assert found.fewest_words == "No objects are seen on this screen."


def test_actions_that_do_the_same_are_one_deed():
    # Pong's RIGHT and RIGHTFIRE both go up: that the second one leads is no other deed.
    names, screen = ("NOOP", "RIGHT", "RIGHTFIRE"), np.zeros((210, 160, 3), np.uint8)
    screen[100:104, 80:84] = 236

    def act(screens: np.ndarray, _: CoreState) -> SimpleNamespace:
        logits = np.array([[0, 2, 1] if each.any() else [0, 1, 2] for each in screens], np.float32)
        return SimpleNamespace(logits=logits, probabilities=np.exp(logits) / 12, values=np.zeros(len(screens)))

    seen = ObjectsSoFar(GAMES["Pong"], np.zeros_like(screen)).see(screen)
    memory = CoreState(np.zeros((1, 1)), np.zeros((1, 1)))
    (found,) = weigh_objects(act, Asked(screen[None], memory, [seen]), GAMES["Pong"], names, judges=False)
    assert found.action == 1 and found.objects[0].without.action_then == 2 and found.fewest is None
    assert "prefer" not in found.words[0] and found.words[0].startswith("Without the ball at (82, 102): RIGHT (up)")


def test_q_values_stand_for_themselves():
    found, _ = ask(1, lambda there: [0, 3 * there[0], 0], judges=True)
    assert (found.objects[0].before, found.objects[0].without.after) == (3, 0)
    assert "LEFT 3.000 to 0.000" in found.words[0]


def test_of_q_values_the_advantages_are_what_objects_speak_for():
    # Without the object the Q-values are 2, 0, 0; with it 2, 3, 0, and on another scale of rewards ten times that.
    for scale in (1, 10):
        found, _ = ask(1, lambda there, scale=scale: [2 * scale, 3 * scale * there[0], 0], judges=True)
        assert found.strengths(Target("chosen")) == pytest.approx([scale * np.sqrt(2)])
        assert found.strengths(Target("action", 1)) == pytest.approx([2 * scale])
        assert found.strengths(Target("action", 0)) == pytest.approx([-scale])
        assert found.strengths(Target("contrast")) == pytest.approx([3 * scale])


def test_what_each_target_takes_of_it():
    found, _ = ask(2, lambda there: [0.3 * there[1], there[0] - 1.5 * there[1], -1])
    first, second = (found.objects[index_of(found, number)] for number in range(2))
    by_number = [index_of(found, 0), index_of(found, 1)]
    assert found.strengths(Target("chosen"))[by_number] == pytest.approx(
        [first.without.divergence, second.without.divergence]
    )
    assert found.strengths(Target("value"))[by_number] == pytest.approx([1, 1])
    # LEFT, that was chosen, against NOOP, the best other one: the first speaks for it, the second against it.
    assert found.strengths(Target("contrast"))[by_number] == pytest.approx([1, -1.8])
    assert found.strengths(Target("contrast", 2))[by_number] == pytest.approx([1, -1.5])
    logs = found.logits - np.log(np.exp(found.logits).sum())
    without = np.array([0.3, -1.5, -1])
    without -= np.log(np.exp(without).sum())
    assert found.strengths(Target("action", 0))[by_number[0]] == pytest.approx(logs[0] - without[0])


def test_strengths_are_painted_on_the_pixels_of_the_objects():
    found, _ = ask(2, lambda there: [0, 1.0 * there[0] - there[1], 0])
    strengths = find_strengths([found], Target("action", 1))
    (drawn,) = paint_strengths([found], strengths.values, slice(34, 194))
    assert drawn.shape == (160, 160) and drawn.dtype == np.float32
    rows, columns = place(0)
    inside = drawn[rows.start - 34 : rows.stop - 34, columns]
    assert np.count_nonzero(drawn) == inside.size == 24, "the other speaks against it"
    assert (inside == strengths.peaks[0]).all() and strengths.statuses == ["ok"]


def test_a_blank_map_says_why():
    blind, _ = ask(2, lambda there: [0, 1, 0])
    against, _ = ask(1, lambda there: [0, -1.0 * there[0], 0])
    nothing, _ = ask(0, lambda there: [0, 1, 0])
    broken, _ = ask(1, lambda there: [0, np.nan if there[0] else 0, 0])
    strengths = find_strengths([blind, against, nothing, broken], Target("action", 1))
    assert strengths.statuses == ["zero_gradient", "all_negative", "no_objects", "not_finite"]
    assert not strengths.peaks.any() and [len(each) for each in strengths.values] == [2, 1, 0, 1]


def test_a_crowd_is_taken_away_in_neighbourhoods():
    screen = make_screen(30)
    seen = ObjectsSoFar(BREAKOUT, np.zeros_like(screen)).see(screen)
    labels, things = gather(seen, BREAKOUT, MOST_THINGS)
    assert len(things) == MOST_THINGS and sum(thing.count for thing in things) == 30
    assert sorted(part for thing in things for part in thing.parts) == list(range(30))
    for number, thing in enumerate(things, 1):
        assert (labels == number).sum() == thing.area == 24 * thing.count
    found, sizes = ask(30, lambda there: [0, there.sum() / 10, 0])
    assert len(found.objects) == MOST_THINGS and sum(sizes) <= 26
    assert any("objects at" in words for words in found.words)


def test_a_real_agent_is_shown_the_painted_screens_with_its_memory(agent, tiny, screens):
    state = tiny.random_state(agent, len(screens))
    so_far = ObjectsSoFar(agent.game)
    seen = [so_far.see(screen) for screen in screens]
    found = weigh_objects(agent.act, Asked(screens, state, seen), agent.game, agent.action_names, judges=False)
    decision = agent.act(screens, state)
    for index, each in enumerate(found):
        np.testing.assert_allclose(each.logits, decision.logits[index], rtol=1e-4, atol=1e-5)
        for number, item in enumerate(each.objects, 1):
            painted = screens[index].copy()
            painted[each.labels == number] = (144, 72, 17)  # Pong's ground, which is behind all of its objects
            alone = agent.act(painted[None], type(state)(*(part[index : index + 1] for part in state)))
            np.testing.assert_allclose(item.without.logits, alone.logits[0], rtol=1e-3, atol=1e-4)
    assert sum(len(each.objects) for each in found) > 5
