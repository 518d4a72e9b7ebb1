"""HIGHLIGHTS-DIV on games of a few steps that can be followed by hand."""

import numpy as np

from xdrl.explanations.highlights import diverse_highlights, importances, screen_features, tellings


def choose(importance: list[float], features: list[float], count: int, gap: int = 1) -> list[int]:
    return diverse_highlights(np.array(importance), np.array(features)[:, None], count, gap).tolist()


def test_importance_is_the_spread_of_the_preferences():
    np.testing.assert_allclose(importances(np.array([[0.2, 0.7, 0.1], [1 / 3, 1 / 3, 1 / 3]])), [0.6, 0], atol=1e-12)


def test_a_step_tells_much_where_much_hangs_on_it_under_a_strong_map():
    preferences = np.array([[0.9, 0.1], [0.9, 0.1], [0.5, 0.5], [0.9, 0.1]])
    np.testing.assert_allclose(tellings(preferences, np.array([4.0, 1.0, 4.0, 0.0])), [0.8, 0.4, 0, 0], atol=1e-12)


def test_a_step_takes_the_place_of_the_one_most_like_it():
    # Step 2 is like step 1 and more important; step 3 is like step 0 and less important.
    assert choose([0.9, 0.2, 0.5, 0.8], [0, 10, 9, 1], 2) == [0, 2]


def test_an_important_step_stays_out_where_its_like_is_more_important():
    # Without diversity steps 0 and 2 would be the summary: the two most important ones.
    assert choose([0.9, 0.1, 0.8], [0, 10, 1], 2) == [0, 1]


def test_of_neighbours_the_more_important_one_stays():
    assert choose([0.1, 0.5, 0.9, 0.3, 0.2], [0, 1, 2, 3, 4], 2, gap=3) == [2]
    assert choose([0.1, 0.5, 0.9, 0.3, 0.2, 0.1], [0, 1, 2, 3, 4, 5], 2, gap=3) == [2, 5]


def test_a_short_game_has_few_highlights():
    assert choose([0.3], [1], 8, gap=15) == [0]


def test_equally_important_steps_leave_the_first_ones():
    assert choose([0, 0, 0, 0], [0, 0, 0, 0], 2) == [0, 1]


def test_screen_features_are_the_brightness_of_blocks():
    screens = np.zeros((2, 20, 30, 3), np.uint8)
    screens[1, :10, 10:20] = 255
    screens[1, 10:, 20:, 0] = 255
    expected = np.zeros((2, 6))
    expected[1, 1], expected[1, 5] = 1, 1 / 3
    np.testing.assert_allclose(screen_features(screens), expected, rtol=1e-6)
