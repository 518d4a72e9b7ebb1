"""The pointing game, and the share of a map's mass that lies on objects (Zhang et al. 2018, for agents)."""

import numpy as np


def hits(maps: np.ndarray, pixels: np.ndarray) -> np.ndarray:
    """Says whether each map's peak is on an object, with half a cell of slack: whether its cell holds a part of one.

    Where several cells share the peak, each counts for its part: a blank map points everywhere and hits by chance.

    Args:
        maps: float [S, C], not negative.
        pixels: integer [S, C], of objects in each cell.

    Returns:
        float64 [S] in [0, 1].
    """
    is_peak = maps == maps.max(-1, keepdims=True)
    return (is_peak & (pixels > 0)).sum(-1) / is_peak.sum(-1)


def chances(pixels: np.ndarray) -> np.ndarray:
    """Returns how often a map that points anywhere would hit, float64 [S]."""
    return (pixels > 0).mean(-1)


def mass_shares(maps: np.ndarray, pixels: np.ndarray, areas: np.ndarray) -> np.ndarray:
    """Returns the share of each map's mass that lies on objects; a cell's mass is spread evenly over its pixels.

    Args:
        maps: float [S, C], not negative; a blank one counts as an even one.
        pixels: integer [S, C] or [S, N, C], of objects in each cell.
        areas: float [C], pixels of each cell.

    Returns:
        float64 [S] or [S, N] in [0, 1].
    """
    is_blank = maps.sum(-1, keepdims=True) <= 0
    density = np.where(is_blank, 1.0, maps)
    masses = density @ areas
    if pixels.ndim == 3:
        density, masses = density[:, None], masses[:, None]
    return (density * pixels).sum(-1) / masses


def mass_on_nothing(maps: np.ndarray, is_empty: np.ndarray, areas: np.ndarray) -> float:
    """Returns the mean share of a map's mass on cells that show nothing but the background; blank maps are left out.

    Args:
        maps: float [S, C], not negative.
        is_empty: bool [S, C], which cells those are.
        areas: float [C], pixels of each cell.

    Returns:
        in [0, 1]; NaN where all maps are blank.
    """
    is_map = maps.sum(-1) > 0
    if not is_map.any():
        return float("nan")
    return float(mass_shares(maps[is_map], is_empty[is_map] * areas, areas).mean())


def point_at(maps: np.ndarray, pixels: np.ndarray, areas: np.ndarray) -> dict[str, float]:
    """Plays the pointing game over the screens of an episode that show such objects.

    Args:
        maps: float [S, C].
        pixels: integer [S, C], of the objects.
        areas: float [C].

    Returns:
        `hit - chance`; `hit`; and `mass ratio`, the share of the mass on the objects divided by the objects' share of
        the area: 1 for a map that does not see them. NaN where no screen shows any.
    """
    is_shown = pixels.any(-1)
    if not is_shown.any():
        return dict.fromkeys(("hit - chance", "hit", "mass ratio"), float("nan"))
    maps, pixels = maps[is_shown], pixels[is_shown]
    found = hits(maps, pixels)
    area_shares = pixels.sum(-1) / areas.sum()
    return {
        "hit - chance": float((found - chances(pixels)).mean()),
        "hit": float(found.mean()),
        "mass ratio": float(mass_shares(maps, pixels, areas).mean() / area_shares.mean()),
    }
