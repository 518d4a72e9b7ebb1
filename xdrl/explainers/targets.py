"""What a map is about: a weighted sum of the network's outputs, whose gradient the methods follow."""

from collections.abc import Callable
from typing import Any

from keras import ops

from xdrl.targets import ACTION, CHOSEN, VALUE, Target

Weigh = Callable[[Any, Any], tuple[Any, Any]]
"""(logits [N, A], values [N]) to constants: logit weights [N, A] and value weights [N]."""


def weigher(target: Target, actions: Any = None) -> Weigh:
    """Returns the function that weighs a network's outputs for a target.

    Args:
        target: what to explain.
        actions: integer [N], the actions that were chosen; None takes the most probable ones.
    """

    def weigh(logits: Any, values: Any) -> tuple[Any, Any]:
        num_actions = logits.shape[-1]
        nothing = ops.zeros_like(logits), ops.zeros_like(values)
        if target.kind == VALUE:
            return nothing[0], ops.ones_like(values)
        named = None if target.action is None else ops.zeros_like(logits) + ops.one_hot(target.action, num_actions)
        if target.kind == ACTION:
            return named, nothing[1]
        chosen = ops.one_hot(ops.argmax(logits, -1) if actions is None else actions, num_actions)
        if target.kind == CHOSEN:
            return chosen, nothing[1]
        # A chosen action that is the named one is held against the best other one: minus itself it would say nothing.
        other = best_other(logits, chosen)
        if named is not None:
            is_same = ops.sum(named * chosen, -1, keepdims=True)
            other = is_same * other + (1 - is_same) * named
        return chosen - other, nothing[1]

    return weigh


def best_other(logits: Any, chosen: Any) -> Any:
    """Returns the most probable action but the chosen one; both one-hot, float32 [N, A]."""
    lowest = ops.min(logits, -1, keepdims=True) - 1
    return ops.one_hot(ops.argmax(ops.where(chosen > 0, lowest, logits), -1), logits.shape[-1])
