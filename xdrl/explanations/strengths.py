"""How bright maps are drawn: by one scale for an episode, so that in every picture of it brightness tells strength."""

import numpy as np

from xdrl.explainers.maps import ALL_NEGATIVE, NOT_FINITE, OK, SINGLE_SCREEN_FLOOR, ZERO_GRADIENT
from xdrl.objects.maps import NO_OBJECTS

STRONG_PERCENTILE = 95
"""Of the peaks of an episode's maps, the blank ones left out: one that reaches it is drawn at full brightness."""
WEAK_SHARE = 0.05
"""Of the same peak: a map whose own is below it is said to be weak."""
OWN_SCALE_FLOOR = 1e-3
"""Of the same: where a reader asks for each map's own scale, peaks below it are not blown up to full brightness."""
NOTES = {
    OK: "",
    ALL_NEGATIVE: "blank: all speaks against",
    ZERO_GRADIENT: "blank: nothing matters",
    NOT_FINITE: "blank: no number",
    NO_OBJECTS: "blank: no objects",
}


def strong_peak(peaks: np.ndarray) -> float:
    """Returns the peak of a strong map of an episode, by which the others are measured.

    The strongest one is no measure: a single map many times as strong as all others would leave those dark.

    Args:
        peaks: float32 [S], at least one; 0 where a map is blank.
    """
    seen = peaks[peaks > 0]
    return max(float(np.percentile(seen, STRONG_PERCENTILE)) if len(seen) else 0.0, SINGLE_SCREEN_FLOOR)


def shares_of_strong(peaks: np.ndarray) -> np.ndarray:
    """Returns how strong each map of an episode is beside a strong one: peaks, float32 [S], to [0, 1]."""
    return np.minimum(peaks / strong_peak(peaks), 1)


def scale_to_episode(maps: np.ndarray, peaks: np.ndarray) -> np.ndarray:
    """Scales the maps of an episode to how bright they are drawn, by the rule that the pages follow as well.

    The strong maps of the episode are as bright as can be at their peak, any other one by the square root of its share:
    the eye takes a light a quarter as strong for about half as bright. Within a map strength and brightness are
    proportional.

    Args:
        maps: float32 [S, h, w], raw.
        peaks: float32 [S], their largest cells.

    Returns:
        float32 [S, h, w] in [0, 1].

    Source: Stevens 1957, whose exponents for brightness are 0.33 to 0.5.
    """
    factors = np.sqrt(shares_of_strong(peaks)) / np.maximum(peaks, np.finfo(np.float32).tiny)
    return (maps * factors[:, None, None]).astype(np.float32)


def is_weak(status: str, share: float) -> bool:
    """Says whether a map is there, and far weaker than a strong one."""
    return status == OK and share < WEAK_SHARE


def say_share(share: float) -> str:
    """Says a share in per cent; one that is nearly nothing is not said to be nothing."""
    return "under 1%" if 0 < share < 0.01 else f"{share:.0%}"


def note_on_map(status: str, share: float) -> str:
    """Says of a map that is hardly seen why, in a line; of any other one nothing.

    Args:
        status: of the map.
        share: how strong it is beside a strong one, in [0, 1].
    """
    return f"weak: {say_share(share)} of a strong map" if is_weak(status, share) else NOTES[status]
