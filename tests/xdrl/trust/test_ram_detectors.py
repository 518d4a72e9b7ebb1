"""The segmentation against OCAtari's detectors, where it is installed."""

from collections.abc import Callable

import numpy as np
import pytest

from xdrl.errors import UserError
from xdrl.games import GAMES
from xdrl.objects.segmentation import SceneObject
from xdrl.preprocessing import Box
from xdrl.trust.ram_detectors import RELIABLE, detect_objects, has_detectors, share_found

needs_detectors = pytest.mark.skipif(
    not has_detectors(), reason="OCAtari is not installed: pip install --no-deps -r requirements-objects.txt"
)


@needs_detectors
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("name", "detected", "least"),
    [
        ("Pong", "Player", 1),
        ("Pong", "Ball", 1),
        ("Pong", "Enemy", 1),
        ("DemonAttack", "Player", 1),
        ("DemonAttack", "Enemy", 0.99),
        ("SpaceInvaders", "Alien", 1),
        ("Phoenix", "Phoenix", 1),
        ("Phoenix", "Player", 0.9),  # it blinks when a life begins
        ("Qbert", "Sam", 1),
        ("Qbert", "Player", 0.8),  # it blinks, too
    ],
)
def test_what_the_memory_holds_is_found_on_the_screen(play: Callable, name: str, detected: str, least: float):
    scene, rams = play(name)
    assert share_found(detect_objects(GAMES[name], rams), scene.objects, GAMES[name], detected) >= least


@needs_detectors
@pytest.mark.filterwarnings("ignore")
def test_what_stands_still_is_not_found(play: Callable):
    scene, rams = play("SpaceInvaders")
    game = GAMES["SpaceInvaders"]
    assert share_found(detect_objects(game, rams), scene.objects, game, "Shield") < 0.05


@needs_detectors
def test_a_detector_that_is_wrong_is_refused():
    assert "BeamRider" not in RELIABLE
    with pytest.raises(UserError, match=r"expected a game of Pong, .* got BeamRider"):
        detect_objects(GAMES["BeamRider"], np.zeros((1, 128), int))


@pytest.mark.skipif(has_detectors(), reason="OCAtari is installed")
def test_without_the_detectors_a_line_says_so():
    with pytest.raises(UserError, match=r"OCAtari .* is not installed"):
        detect_objects(GAMES["Pong"], np.zeros((1, 128), int))


def test_shares_by_hand():
    game = GAMES["Pong"]
    found = [(SceneObject("shot", 100, 50, 104, 52, 8),), ()]
    detected = [
        [("Ball", Box(103, 51, 107, 53)), ("Enemy", Box(60, 16, 75, 20))],
        [("Ball", Box(103, 51, 107, 53)), ("Ball", Box(20, 51, 24, 53))],  # the last one lies above the crop
    ]
    assert share_found(detected, found, game, "Ball") == 0.5
    assert share_found(detected, found, game, "Enemy") == 0
    assert np.isnan(share_found(detected, found, game, "Player"))
