"""How bright maps are drawn: beside the strong ones of their episode."""

import numpy as np
import pytest

from xdrl.explainers.maps import SINGLE_SCREEN_FLOOR
from xdrl.explanations.strengths import scale_to_episode, shares_of_strong, strong_peak


def test_one_map_many_times_as_strong_as_all_others_does_not_leave_them_dark():
    peaks = np.array([400, *[4] * 20, 1, 0, 0], np.float32)
    # 22 of them are not blank: the 95th percentile lies 19.95 steps up, between two of the twenty.
    assert strong_peak(peaks) == 4
    assert shares_of_strong(peaks).tolist() == [1] * 21 + [0.25, 0, 0]
    maps = np.stack([peaks, peaks / 2], -1)[:, None]
    drawn = scale_to_episode(maps, peaks)
    np.testing.assert_allclose(drawn.max((1, 2)), [1] * 21 + [0.5, 0, 0], rtol=1e-6)
    np.testing.assert_allclose(drawn[:, 0, 1], drawn[:, 0, 0] / 2, rtol=1e-6)


@pytest.mark.parametrize("peaks", [[0, 0], [1e-9, 0]])
def test_an_episode_without_a_map_stays_dark(peaks: list[float]):
    array = np.array(peaks, np.float32)
    assert strong_peak(array) == SINGLE_SCREEN_FLOOR
    assert shares_of_strong(array).max() <= 0.001
