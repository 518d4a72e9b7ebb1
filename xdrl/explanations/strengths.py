"""How bright maps are drawn: by one scale for an episode, so that in every picture of it brightness tells strength."""

import numpy as np

from xdrl.explainers.maps import ALL_NEGATIVE, NOT_FINITE, OK, SINGLE_SCREEN_FLOOR, ZERO_GRADIENT

WEAK_SHARE = 0.05
"""Of the episode's strongest map: one whose peak is below it is said to be weak."""
OWN_SCALE_FLOOR = 1e-3
"""Of the same: where a reader asks for each map's own scale, peaks below it are not blown up to full brightness."""
_NOTES = {
    OK: "",
    ALL_NEGATIVE: "blank: all speaks against",
    ZERO_GRADIENT: "blank: nothing matters",
    NOT_FINITE: "blank: no number",
}


def shares_of_strongest(peaks: np.ndarray) -> np.ndarray:
    """Returns how strong each map of an episode is beside the strongest one: peaks, float32 [S], to [0, 1]."""
    return peaks / max(float(peaks.max()), SINGLE_SCREEN_FLOOR)


def scale_to_episode(maps: np.ndarray, peaks: np.ndarray) -> np.ndarray:
    """Scales the maps of an episode to how bright they are drawn, by the rule that the pages follow as well.

    The episode's strongest map is as bright as can be at its peak, any other one by the square root of its share: the
    eye takes a light a quarter as strong for about half as bright. Within a map strength and brightness are
    proportional.

    Args:
        maps: float32 [S, h, w], raw.
        peaks: float32 [S], their largest cells.

    Returns:
        float32 [S, h, w] in [0, 1].

    Source: Stevens 1957, whose exponents for brightness are 0.33 to 0.5.
    """
    factors = np.sqrt(shares_of_strongest(peaks)) / np.maximum(peaks, np.finfo(np.float32).tiny)
    return (maps * factors[:, None, None]).astype(np.float32)


def is_weak(status: str, share: float) -> bool:
    """Says whether a map is there, and far weaker than the strongest one."""
    return status == OK and share < WEAK_SHARE


def say_share(share: float) -> str:
    """Says a share in per cent; one that is nearly nothing is not said to be nothing."""
    return "under 1%" if 0 < share < 0.01 else f"{share:.0%}"


def note_on_map(status: str, share: float) -> str:
    """Says of a map that is hardly seen why, in a line; of any other one nothing.

    Args:
        status: of the map.
        share: how strong it is beside the strongest one, in [0, 1].
    """
    return f"weak: {say_share(share)} of the strongest" if is_weak(status, share) else _NOTES[status]
