"""Key moments of a game: few steps, those at which most depended on the action, no two of them alike."""

import numpy as np

from xdrl.explanations.strengths import shares_of_strong


def importances(preferences: np.ndarray) -> np.ndarray:
    """Says how much depended on the action at each step: the spread between the best and the worst one.

    Args:
        preferences: float32 [S, A], action values or probabilities.

    Returns:
        float32 [S], not negative.

    Source: Amir & Amir 2018, section 3.1.
    """
    return preferences.max(-1) - preferences.min(-1)


def tellings(preferences: np.ndarray, peaks: np.ndarray) -> np.ndarray:
    """Says how much there is to see at each step: how much depended on the action, times how bright its map is drawn.

    A strong map alone may lie over an empty screen, on which any action would do.

    Args:
        preferences: float32 [S, A], action values or probabilities.
        peaks: float32 [S], of the maps.

    Returns:
        float32 [S], not negative.
    """
    return importances(preferences) * np.sqrt(shares_of_strong(peaks))


def diverse_highlights(importance: np.ndarray, features: np.ndarray, count: int, gap: int) -> np.ndarray:
    """Chooses important steps that differ, by HIGHLIGHTS-DIV, in one pass over the game.

    While the summary has room every step may enter. When it is full a step takes the place of the one most like it,
    where it is more important than that one.

    Args:
        importance: float [S].
        features: float [S, D]; the nearer two steps' features (Euclidean), the more alike they are.
        count: steps in the summary at most.
        gap: steps that two highlights are apart at least.

    Returns:
        int64, at most `count` steps in order.

    Source: Amir & Amir 2018, algorithm 2.
    """
    summary: list[int] = []
    for step in range(len(importance)):
        # Differs from the paper: there a highlight shuts the next ones out for a while, even more important ones.
        # Here the more important of two neighbours stays, so that a moment is shown at its height.
        rival = summary[-1] if summary and step - summary[-1] < gap else None
        if rival is None and len(summary) == count:
            distances = ((features[summary] - features[step]) ** 2).sum(-1)
            rival = summary[int(distances.argmin())]
        if rival is None or importance[step] > importance[rival]:
            summary = [kept for kept in summary if kept != rival] + [step]
    return np.array(summary, np.int64)


def screen_features(screens: np.ndarray, block: int = 10) -> np.ndarray:
    """Describes screens by the mean brightness of their blocks, so that alike screens lie near each other.

    Args:
        screens: uint8 [S, H, W, 3].
        block: pixels of a block's side, a divisor of H and W.

    Returns:
        float32 [S, H / block * W / block], in [0, 1].
    """
    count, height, width = screens.shape[:3]
    features = np.empty((count, height // block, width // block), np.float32)
    for index, screen in enumerate(screens):  # one at a time: as floats all of them would take 12 bytes a pixel
        blocks = screen.reshape(height // block, block, width // block, block, 3)
        features[index] = blocks.mean((1, 3, 4), dtype=np.float32) / 255
    return features.reshape(count, -1)
