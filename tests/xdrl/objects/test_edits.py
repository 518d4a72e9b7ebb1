"""Screens that are changed by hand, on one whose every pixel is known."""

import numpy as np
import pytest

from xdrl.errors import UserError
from xdrl.games import GAMES
from xdrl.objects.edits import MOST_EDITS, Changed, Edit, Erase, Move, Paint, change_screen, read_edits
from xdrl.objects.kinds import ENEMY, SHOT
from xdrl.objects.segmentation import SceneObject
from xdrl.objects.so_far import ObjectsSoFar

BROWN, ORANGE, WHITE, RED = (144, 72, 17), (213, 130, 74), (236, 236, 236), (200, 30, 30)
ENEMY_AT, BALL_AT = (slice(60, 76), slice(16, 20)), (slice(100, 104), slice(80, 82))


def make_ground() -> np.ndarray:
    """A ground with a stripe, so that a wrong place of the background shows."""
    ground = np.full((210, 160, 3), BROWN, np.uint8)
    ground[:, 80:90] = (10, 20, 30)
    return ground


def change(*edits: Edit) -> tuple[np.ndarray, Changed]:
    screen = make_ground()
    screen[ENEMY_AT], screen[BALL_AT] = ORANGE, WHITE
    seen = ObjectsSoFar(GAMES["Pong"], make_ground()).see(screen)
    assert [item.kind for item in seen.objects] == [ENEMY, SHOT]
    before = screen.copy()
    changed = change_screen(screen, seen, edits)
    np.testing.assert_array_equal(screen, before, "the screen itself stays")
    return screen, changed


def test_no_change_changes_nothing():
    screen, changed = change()
    np.testing.assert_array_equal(changed.screen, screen)
    assert changed.places == changed.seen.objects


def test_an_object_moves_and_the_background_fills_its_place():
    screen, changed = change(Move(1, to=(30, 150)))
    expected = screen.copy()
    expected[BALL_AT] = (10, 20, 30)
    expected[150:154, 30:32] = WHITE
    np.testing.assert_array_equal(changed.screen, expected)
    assert changed.places[1] == changed.seen.objects[1] == SceneObject(SHOT, 150, 30, 154, 32, 8)
    gone = changed.seen.without(changed.screen, np.array([[False, True]]))[0]
    assert (gone[150:154, 30:32] == BROWN).all(), "what is behind it now is the background there"


def test_an_object_that_is_erased_is_gone_and_the_others_are_numbered_anew():
    _, changed = change(Erase(0))
    assert (changed.screen[ENEMY_AT] == BROWN).all() and (changed.screen[BALL_AT] == WHITE).all()
    assert changed.places[0] is None and [item.kind for item in changed.seen.objects] == [SHOT]
    assert changed.seen.labels[BALL_AT].min() == 1 and changed.seen.labels.max() == 1


def test_the_last_change_of_an_object_counts():
    _, moved = change(Move(1, to=(0, 0)), Erase(1), Move(1, to=(158, 206)))
    assert (moved.screen[206:, 158:] == WHITE).all() and (moved.screen[:4, :2] == BROWN).all()
    _, erased = change(Move(1, to=(0, 0)), Erase(1))
    assert (erased.screen[:4, :2] == BROWN).all() and erased.places[1] is None


def test_a_box_is_painted_with_a_colour_or_the_background_in_the_order_of_the_changes():
    box = (78, 98, 84, 102)  # over the upper half of the ball
    _, painted = change(Paint(box, RED))
    assert (painted.screen[98:102, 78:84] == RED).all() and (painted.screen[102:104, 80:82] == WHITE).all()
    assert painted.seen.objects[1].area == 4
    _, rubbed = change(Paint(box))
    np.testing.assert_array_equal(rubbed.screen[98:102], make_ground()[98:102])
    _, over = change(Paint(box, RED), Move(1, to=(80, 99)))
    assert (over.screen[99:103, 80:82] == WHITE).all() and (over.screen[98, 80:82] == RED).all()


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (Move(2, to=(0, 0)), "expected one of the 2 objects of the screen, counted from 0, got 2"),
        (Erase(-1), "expected one of the 2 objects"),
        (Move(1, to=(159, 0)), r"expected a box within the screen of 160 x 210 pixels, got \(159, 0, 161, 4\)"),
        (Move(1, to=(0, -1)), "expected a box within the screen"),
        (Paint((0, 0, 0, 10)), "expected a box within the screen"),
        (Paint((0, 0, 161, 10)), "expected a box within the screen"),
        (Paint((0, 0, 10, 10), (0, 0, 256)), "expected a colour of numbers from 0 to 255"),
    ],
)
def test_a_change_that_does_not_fit_is_refused(edit: Edit, message: str):
    with pytest.raises(UserError, match=message):
        change(edit)


def test_more_changes_than_a_few_are_refused():
    with pytest.raises(UserError, match="expected at most 50 changes, got 51"):
        change(*[Erase(0)] * (MOST_EDITS + 1))


def test_changes_are_read_from_json():
    assert read_edits(
        [
            {"kind": "move", "object": 1, "to": [80, 40]},
            {"kind": "erase", "object": 0},
            {"kind": "paint", "box": [1, 2, 3, 4], "colour": [5, 6, 7]},
            {"kind": "paint", "box": [1, 2, 3, 4]},
        ]
    ) == [Move(1, (80, 40)), Erase(0), Paint((1, 2, 3, 4), (5, 6, 7)), Paint((1, 2, 3, 4))]


@pytest.mark.parametrize(
    "values",
    [
        None,
        "move",
        {"kind": "erase", "object": 0},
        [{"kind": "erase", "object": 0}] * (MOST_EDITS + 1),
        ["erase"],
        [{"kind": "explode", "object": 0}],
        [{"kind": "erase"}],
        [{"kind": "erase", "object": True}],
        [{"kind": "erase", "object": "0"}],
        [{"kind": "move", "object": 0, "to": [1.5, 2]}],
        [{"kind": "move", "object": 0, "to": [1, 2, 3]}],
        [{"kind": "move", "object": 0, "to": {"x": 1}}],
        [{"kind": "paint", "box": [1, 2, 3]}],
        [{"kind": "paint", "box": [1, 2, 3, 4], "colour": "red"}],
        [{"kind": "paint", "box": [1, 2, 3, 4], "colour": []}],
    ],
)
def test_what_is_no_list_of_changes_is_refused_in_one_line(values):
    with pytest.raises(UserError, match=r"expected a (list of at most 50 changes|change of kind move)") as refusal:
        read_edits(values)
    assert "\n" not in str(refusal.value) and len(str(refusal.value)) < 260
