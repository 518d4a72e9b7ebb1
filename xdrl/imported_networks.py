"""What all imported networks do alike: the stack of screens before the first layer, and what the last one says."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from keras import ops

from xdrl.imported_config import ATOMS, FIRST_SCREEN, QUANTILES, ImportedConfig
from xdrl.memories import Part, Parts
from xdrl.warping import WarpedScreen

BRIGHTEST = 255.0


def stack_parts(config: ImportedConfig, warp: WarpedScreen) -> Parts:
    """Returns what is kept of the screens before: the screens, and where it matters whether there have been any."""
    if config.frames == 1:
        return {}
    height, width, channels = warp.shape
    parts = {"frames": Part((height, width, channels * (config.frames - 1)), "uint8")}
    return parts | ({"begun": Part((1,), "float32")} if config.padding == FIRST_SCREEN else {})


def stack_screens(
    config: ImportedConfig, warp: WarpedScreen, screens: Any, memory: Sequence[Any]
) -> tuple[Any, tuple[Any, ...]]:
    """Puts screens behind the last ones, of which the oldest is forgotten.

    Args:
        config: of the agent.
        warp: the screen as it sees it.
        screens: uint8 [N, 210, 160, 3].
        memory: those of `stack_parts`, and whatever comes after.

    Returns:
        the observation, float32 [N, H, W, C] in [0, 1], and the memory with the new screens.
    """
    seen, (*kept,) = warp(screens), memory
    if config.frames > 1:
        before = kept[0]
        if config.padding == FIRST_SCREEN:
            first = ops.tile(seen, (1, 1, 1, config.frames - 1))
            before = ops.where(kept[1][:, :, None, None] > 0, before, first)
            kept[1] = ops.ones_like(kept[1])
        channels = warp.shape[-1]
        seen = ops.concatenate([before, seen], -1)
        kept[0] = seen[..., channels:]
    return ops.cast(seen, "float32") / BRIGHTEST, tuple(kept)


def read_head(config: ImportedConfig, flat: Any) -> Any:
    """Turns what the head gives, float32 [N, A * each], into logits or Q-values, [N, A]."""
    count, lowest, highest = config.support
    if config.head == QUANTILES:
        return ops.mean(ops.reshape(flat, (-1, count, config.num_actions)), 1)
    if config.head == ATOMS:
        shares = ops.softmax(ops.reshape(flat, (-1, config.num_actions, count)))
        return ops.sum(shares * np.linspace(lowest, highest, count, dtype=np.float32), -1)
    return flat


def weigh_actions(config: ImportedConfig, logits: Any) -> Any:
    """Returns a policy's probabilities, or those of the best action and of random ones (epsilon-greedy)."""
    if not config.judges_actions:
        return ops.softmax(logits)
    num_actions, epsilon = config.num_actions, config.epsilon
    return epsilon / num_actions + (1 - epsilon) * ops.one_hot(ops.argmax(logits, -1), num_actions)
