"""How alike two maps are: Pearson's and Spearman's correlation, and structural similarity."""

import numpy as np
from scipy import ndimage, stats

SSIM_SIGMA, SSIM_K1, SSIM_K2 = 1.5, 0.01, 0.03
"""Of the Gaussian window in cells, and the two constants for a range of 1 (Wang et al. 2004)."""


def correlations(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Correlates rows after Pearson: float [N, C] twice to float64 [N]; 0 where a row is constant."""
    a, b = (np.asarray(rows, float) - np.mean(rows, -1, keepdims=True, dtype=float) for rows in (first, second))
    scale = np.sqrt((a**2).sum(-1) * (b**2).sum(-1))
    return np.divide((a * b).sum(-1), scale, out=np.zeros(len(a)), where=scale > 0)


def rank_correlations(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Correlates rows after Spearman: float [N, C] twice to float64 [N]; 0 where a row is constant."""
    return correlations(stats.rankdata(first, axis=-1), stats.rankdata(second, axis=-1))


def structural_similarity(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Compares maps after each has been divided by its peak.

    Args:
        first, second: float [N, h, w], not negative.

    Returns:
        float64 [N], the mean over the cells; 1 where both are the same.

    Source: Wang et al. 2004, eq. 13.
    """
    a, b = (np.asarray(maps, float) / np.maximum(maps.max((1, 2), keepdims=True), 1e-12) for maps in (first, second))

    def smooth(maps: np.ndarray) -> np.ndarray:
        return ndimage.gaussian_filter(maps, (0, SSIM_SIGMA, SSIM_SIGMA), mode="nearest")

    mean_a, mean_b = smooth(a), smooth(b)
    variance_a, variance_b = smooth(a * a) - mean_a**2, smooth(b * b) - mean_b**2
    covariance = smooth(a * b) - mean_a * mean_b
    c1, c2 = SSIM_K1**2, SSIM_K2**2
    likeness = (2 * mean_a * mean_b + c1) * (2 * covariance + c2)
    return (likeness / ((mean_a**2 + mean_b**2 + c1) * (variance_a + variance_b + c2))).mean((1, 2))
