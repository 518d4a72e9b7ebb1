"""Moving objects: on painted screens whose objects are known, and on real ones whose memory says where they are."""

from collections.abc import Callable

import numpy as np
import pytest

from xdrl.games import GAMES, find_game
from xdrl.objects.kinds import ENEMY, FIELDS, OBJECT, PLAYER, SHOT
from xdrl.objects.segmentation import Scene, SceneObject, find_objects

RED, GREEN, WHITE, BROWN = (200, 30, 30), (92, 186, 92), (236, 236, 236), (144, 72, 17)

Play = Callable[..., tuple[Scene, np.ndarray]]


def paint(steps: int = 9, ground: tuple = (0, 0, 0)) -> np.ndarray:
    return np.broadcast_to(np.array(ground, np.uint8), (steps, 210, 160, 3)).copy()


def only(scene: Scene, kind: str) -> tuple[np.ndarray, list[SceneObject]]:
    """Returns the steps that show exactly one object of a kind, and those objects."""
    found = {step: [item for item in objects if item.kind == kind] for step, objects in enumerate(scene.objects)}
    steps = [step for step, items in found.items() if len(items) == 1]
    return np.array(steps), [found[step][0] for step in steps]


def test_what_moves_is_found_to_the_pixel():
    screens = paint()
    screens[:, 60:80, 5:15] = WHITE  # stands still all the time
    for step in range(9):
        screens[step, 100 + 5 * step : 108 + 5 * step, 40:52] = RED
        screens[step, 150:154, 10 + 12 * step : 13 + 12 * step] = GREEN
    scene = find_objects(screens, find_game("Breakout"))
    for step, objects in enumerate(scene.objects):
        top, left = 100 + 5 * step, 10 + 12 * step
        assert objects == (
            SceneObject(OBJECT, top, 40, top + 8, 52, 96),
            SceneObject(OBJECT, 150, left, 154, left + 3, 12),
        )
        expected = np.zeros((210, 160), np.uint8)
        expected[top : top + 8, 40:52], expected[150:154, left : left + 3] = 1, 2
        np.testing.assert_array_equal(scene.labels[step], expected)
    np.testing.assert_array_equal(scene.background[60:80, 5:15], np.broadcast_to(WHITE, (20, 10, 3)))


def test_parts_that_touch_are_one_and_specks_none():
    screens = paint()
    screens[4, 100:104, 40:44] = RED
    screens[4, 104:108, 44:48] = GREEN  # corner to corner
    screens[4, 100:104, 46:48] = RED  # two pixels further
    screens[4, 150:152, 80] = RED  # a speck
    screens[4, 100:104, 60:64] = RED  # far away
    (first, second) = find_objects(screens, find_game("Breakout")).objects[4]
    assert first == SceneObject(OBJECT, 100, 40, 108, 48, 40)
    assert second == SceneObject(OBJECT, 100, 60, 104, 64, 16)


def test_what_the_agent_does_not_see_and_a_flash_are_no_objects():
    screens = paint()
    screens[3, 10:30, 40:60] = RED  # above the crop
    screens[5] = WHITE
    assert find_objects(screens, find_game("Breakout")).objects == ((),) * 9


def test_a_ball_at_a_paddle_is_an_object_of_its_own():
    screens = paint(ground=BROWN)
    screens[:, 100:116, 140:144] = GREEN  # stands still, and is no background
    screens[4, 104:108, 138:140] = WHITE
    screens[4, 99, 140:144] = np.maximum(GREEN, BROWN)  # two frames in one
    screens[0, 100:116, 140:144] = BROWN
    scene = find_objects(screens, GAMES["Pong"])
    assert scene.objects[4] == (
        SceneObject(PLAYER, 99, 140, 116, 144, 68),
        SceneObject(SHOT, 104, 138, 108, 140, 8),
    )


def test_a_cube_that_changes_for_good_is_no_object_and_who_steps_on_it_is():
    screens = paint(240)
    screens[:, 100:106, 60:80] = (45, 87, 176)
    screens[120:, 100:106, 60:80] = (90, 10, 90)  # a colour that only later cubes have
    screens[115:125, 80:100, 64:72] = (181, 83, 40)
    screens[:, 140:142, 4:12] = np.random.default_rng(0).integers(0, 255, (240, 2, 8, 3))  # a disc
    scene = find_objects(screens, GAMES["Qbert"])
    assert {step for step, objects in enumerate(scene.objects) if objects} == set(range(115, 125))
    assert scene.objects[116] == (SceneObject(PLAYER, 80, 64, 100, 72, 160),)


@pytest.mark.parametrize(
    ("name", "colour", "box", "kind"),
    [
        ("SpaceInvaders", (151, 25, 122), (10, 40, 18, 48), ENEMY),  # the command ship
        ("SpaceInvaders", (50, 132, 50), (10, 40, 18, 48), None),  # the score
        ("SpaceInvaders", (181, 83, 40), (157, 42, 175, 50), None),  # a shield
        ("SpaceInvaders", (162, 134, 56), (185, 80, 195, 90), None),  # lives
        ("SpaceInvaders", (134, 134, 29), (60, 40, 70, 48), ENEMY),
        ("SpaceInvaders", (142, 142, 142), (120, 40, 128, 41), SHOT),
        ("SpaceInvaders", (50, 132, 50), (185, 40, 195, 47), PLAYER),
        ("DemonAttack", (213, 130, 74), (80, 40, 88, 56), ENEMY),
        ("DemonAttack", (252, 144, 144), (130, 40, 138, 46), SHOT),
        ("DemonAttack", (212, 140, 252), (120, 40, 131, 41), SHOT),
        ("DemonAttack", (184, 70, 162), (174, 40, 186, 47), PLAYER),
        ("BeamRider", (236, 236, 236), (80, 40, 85, 47), ENEMY),
        ("BeamRider", (198, 108, 58), (80, 40, 85, 48), SHOT),
        ("BeamRider", (45, 109, 152), (80, 0, 82, 160), None),  # a beam
        ("BeamRider", (210, 210, 64), (164, 40, 178, 56), PLAYER),
        ("BeamRider", (82, 126, 45), (32, 10, 40, 20), None),  # the count of enemies
        ("Phoenix", (125, 48, 173), (60, 40, 66, 48), ENEMY),
        ("Phoenix", (158, 208, 101), (120, 40, 132, 41), SHOT),
        ("Phoenix", (236, 236, 236), (168, 40, 186, 55), PLAYER),  # its shield
        ("Qbert", (146, 70, 192), (60, 70, 69, 77), ENEMY),
        ("Qbert", (210, 210, 64), (16, 33, 28, 41), None),  # lives
        ("Pong", (213, 130, 74), (100, 16, 116, 20), ENEMY),
    ],
)
def test_the_kinds_of_every_game(name: str, colour: tuple, box: tuple, kind: str | None):
    screens = paint(ground=FIELDS[name].ground or (0, 0, 0))
    top, left, bottom, right = box
    screens[4, top:bottom, left:right] = colour
    assert [item.kind for item in find_objects(screens, GAMES[name]).objects[4]] == ([] if kind is None else [kind])


@pytest.mark.parametrize(
    ("name", "kind", "side", "byte", "offset", "slack"),
    [
        ("Pong", SHOT, "left", 49, -49, 0),
        ("Pong", SHOT, "top", 54, -14, 2),
        ("Pong", ENEMY, "top", 50, -15, 1),
        ("Pong", PLAYER, "top", 51, -13, 3),
        ("SpaceInvaders", PLAYER, "left", 28, -1, 1),
        ("Qbert", PLAYER, "left", 43, -3, 2),
    ],
)
def test_objects_of_real_games_are_where_the_ram_says(
    play: Play, name: str, kind: str, side: str, byte: int, offset: int, slack: int
):
    scene, rams = play(name)
    steps, items = only(scene, kind)
    found = np.array([getattr(item, side) for item in items])
    # An object at the field's edge is cut there, and one that explodes is wider than it was.
    expected = np.maximum(rams[steps, byte] + offset, GAMES[name].crop.top if side == "top" else 0)
    is_near = np.abs(found - expected) <= slack
    assert len(steps) > 100
    assert is_near.mean() > 0.93
    assert found.std() > 5


def test_pongs_ball_is_seen_exactly_when_it_is_in_play(play: Play):
    scene, rams = play("Pong")
    is_seen = np.array([any(item.kind == SHOT for item in objects) for objects in scene.objects])
    is_in_field = (rams[:, 54] > 34 + 14) & (rams[:, 49] > 49) & (rams[:, 49] < 160 + 49)
    assert is_seen[is_in_field].mean() == 1
    assert is_seen[~is_in_field].mean() < 0.1


def test_the_invaders_are_counted(play: Play):
    scene, rams = play("SpaceInvaders")
    counts = np.array([sum(item.kind == ENEMY for item in objects) for objects in scene.objects])
    assert (np.abs(counts - rams[:, 17]) <= 1).mean() > 0.95  # one more while it explodes
    assert counts.min() < 36 == counts.max()


@pytest.mark.parametrize(("name", "byte"), [("BeamRider", 41), ("Phoenix", 94)])
def test_the_player_follows_the_ram_that_moves_it(play: Play, name: str, byte: int):
    scene, rams = play(name)
    steps, items = only(scene, PLAYER)
    middles = np.array([(item.left + item.right) / 2 for item in items])
    assert len(steps) > 0.7 * len(rams)
    assert np.corrcoef(middles, rams[steps, byte])[0, 1] > 0.98


@pytest.mark.parametrize(("action", "sign"), [("RIGHT", 1), ("LEFT", -1)])
def test_demon_attacks_player_follows_the_action(play: Play, action: str, sign: int):
    steps, items = only(play("DemonAttack", 40, action)[0], PLAYER)
    lefts = np.array([item.left for item in items])
    assert len(steps) > 35
    assert (sign * np.diff(lefts) >= 0).all()
    assert sign * (lefts[-1] - lefts[0]) > 20


@pytest.mark.parametrize("name", list(GAMES))
def test_a_real_game_shows_its_player_and_little_else_than_its_kinds(play: Play, name: str):
    scene, _ = play(name)
    kinds = {item.kind for objects in scene.objects for item in objects}
    assert {PLAYER, ENEMY} <= kinds <= {PLAYER, ENEMY, SHOT}
    shares = (scene.labels > 0).mean((1, 2))
    assert 0.0005 < shares.mean() < 0.1
    for item in (item for objects in scene.objects for item in objects):
        assert GAMES[name].crop.top <= item.top < item.bottom <= GAMES[name].crop.bottom
