"""What an agent would do without the objects on a screen: the records, and what they say in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from xdrl.memories import Parts
from xdrl.policies import merits
from xdrl.preprocessing import Box
from xdrl.targets import ACTION, CHOSEN, VALUE, Target

NOT_MOVED, NO_CHANGE = 0.001, 0.005
"""Below such a divergence, and such a step of probability, Q-value and value, it is said that nothing changes."""
APART, VALUES_APART = 0.02, 0.05
"""What follows with and without the screens before is both said where probability or Q-value, or value, differ so."""


class Without(NamedTuple):
    """What the agent makes of it where something is missing.

    Attributes:
        after: probability of the chosen action; its Q-value where the agent judges actions.
        divergence: how far the policy moves, or the Q-values against each other: see `xdrl.policies.divergences`.
        value_change: value without it, less the value with all.
        action_then: index of the action that is preferred.
        acts_otherwise: whether that one does something else than the one that is preferred with all.
        logits: float32 [A].
    """

    after: float
    divergence: float
    value_change: float
    action_then: int
    acts_otherwise: bool
    logits: np.ndarray


@dataclass(frozen=True)
class ObjectEffect:
    """What taking one object away does.

    Attributes:
        name: such as `ball`, or `object` where the game's objects are not known.
        count: objects that are taken away together: 1, and more on a crowded screen.
        box: around it, in pixels of the screen.
        area: pixels that it paints.
        before: probability of the chosen action with it; its Q-value where the agent judges actions.
        without: where it is missing on this screen alone.
        replayed: where it was missing on the screens before, too; None where that was not asked.
    """

    name: str
    count: int
    box: Box
    area: int
    before: float
    without: Without
    replayed: Without | None = None

    @property
    def phrase(self) -> str:
        """The object in words: what it is, and where its middle is, across and down in pixels."""
        several = self.name.removesuffix("y") + ("ies" if self.name.endswith("y") else "s")
        return say_place(f"the {self.name}" if self.count == 1 else f"the {self.count} {several}", self.box)


class Fewest(NamedTuple):
    """The fewest objects without which the agent would do something else.

    Attributes:
        numbers: indices of the objects.
        action_then: index of the action.
        after: probability of the chosen action then, or its Q-value.
    """

    numbers: tuple[int, ...]
    action_then: int
    after: float


@dataclass(frozen=True, repr=False)
class ScreenObjects:
    """The objects on a screen, and what the agent would do without them.

    They are taken away from this screen alone: what the agent remembers of the screens before still has them. Where
    they are taken away from those as well, `replayed` says what that does.

    Attributes:
        objects: from the one that matters most to the policy on.
        labels: uint8 [210, 160]: 0 where there is no object, i + 1 where object i is.
        logits: float32 [A], with all of them.
        action: index of the action that was chosen.
        fewest: without which it would do something else; None where no set that was tried makes it.
        tried: sets of objects that were taken away.
        is_exhaustive: those are all there are.
        action_labels: A of them, such as `RIGHT (up)`.
        replayed: screens before this one from which objects are taken away for comparison.
        judges_actions: whether the logits are Q-values, whose differences are small: they have a third decimal.
    """

    objects: tuple[ObjectEffect, ...]
    labels: np.ndarray
    logits: np.ndarray
    action: int
    fewest: Fewest | None
    tried: int
    is_exhaustive: bool
    action_labels: tuple[str, ...]
    replayed: int = 0
    judges_actions: bool = False

    @property
    def words(self) -> list[str]:
        """A sentence for each object, from the one that matters most on."""
        return [f"Without {item.phrase}: {self._say_effect(item)}" for item in self.objects]

    @property
    def fewest_words(self) -> str:
        """What it takes for the agent to do something else, in a sentence."""
        if not self.objects:
            return "No objects are seen on this screen."
        preferred = self.action_labels[self.logits.argmax()]
        if self.fewest is None:
            which = "any of them, alone or together" if self.is_exhaustive else f"any of {self.tried} sets of them"
            which = which if len(self.objects) > 1 else "it"
            return f"Without {which}, it would still prefer {preferred}."
        count = len(self.fewest.numbers)
        gone = " and ".join(self.objects[number].phrase for number in self.fewest.numbers)
        how_many = "one object" if count == 1 else f"{count} objects"
        if count > 2 and not self.is_exhaustive:
            how_many = f"at most {how_many} ({self.tried} sets were tried)"
        then = self.action_labels[self.fewest.action_then]
        return f"It takes {how_many} to change its mind: without {gone} it would prefer {then} to {preferred}."

    def strengths(self, target: Target) -> np.ndarray:
        """Says how much each object matters to a target.

        To what was chosen, by the divergence of the policy, and to the value, by its change: in any direction. For a
        named action, and for one action rather than another, by the drop of its log-probability or advantage, or of
        their difference, without the object: negative where the object speaks against it.

        Args:
            target: `chosen`, `value`, `action` or `contrast`.

        Returns:
            float64 [M].
        """
        if target.kind == CHOSEN:
            return np.array([item.without.divergence for item in self.objects])
        if target.kind == VALUE:
            return np.abs([item.without.value_change for item in self.objects])
        without = np.array([item.without.logits for item in self.objects], float).reshape(-1, len(self.logits))
        before, after = (merits(logits, self.judges_actions) for logits in (self.logits, without))
        if target.kind == ACTION:
            return before[target.action] - after[:, target.action]
        other = target.action
        if other is None or other == self.action:  # held against the best other one, as every method does
            other = int(np.where(np.arange(len(before)) == self.action, -np.inf, before).argmax())
        return (before[self.action] - before[other]) - (after[:, self.action] - after[:, other])

    def __repr__(self) -> str:
        """Says it in words."""
        return f"<ScreenObjects: {' '.join([*self.words, self.fewest_words])}>"

    def _say_effect(self, item: ObjectEffect) -> str:
        here = self._say_change(item.before, item.without)
        if item.replayed is None or _is_alike(item.without, item.replayed):
            return f"{here}."
        return f"{here}. Had it not been there before either: {self._say_change(item.before, item.replayed)}."

    def _say_change(self, before: float, without: Without) -> str:
        return say_change(before, without, self.action, self.action_labels, self.judges_actions)


def say_place(what: str, box: Box) -> str:
    """Says what is where: the middle of its box, across and down in pixels."""
    return f"{what} at ({(box.left + box.right) // 2:.0f}, {(box.top + box.bottom) // 2:.0f})"


def say_change(before: float, then: Without, action: int, labels: Sequence[str], judges_actions: bool) -> str:
    """Says in a part of a sentence what a change of the screen does.

    Args:
        before: probability or Q-value of the action that was chosen, on the screen as it was.
        then: on the changed screen.
        action: index of the one that was chosen.
        labels: of the actions.
        judges_actions: whether those are Q-values.
    """
    changes = abs(then.after - before), abs(then.value_change)
    if not then.acts_otherwise and then.divergence < NOT_MOVED and max(changes) < NO_CHANGE:
        return "no change"
    value = f", value {then.value_change:+.2f}".replace("-", "−") if changes[1] >= NO_CHANGE else ""
    other = f"; it would prefer {labels[then.action_then]}" if then.acts_otherwise else ""
    scores = " to ".join(_figure(score, 3 if judges_actions else 2) for score in (before, then.after))
    return f"{labels[action]} {scores}{value}{other}"


def _is_alike(one: Without, other: Without) -> bool:
    is_near = abs(one.after - other.after) < APART and abs(one.value_change - other.value_change) < VALUES_APART
    return is_near and one.acts_otherwise == other.acts_otherwise


def say_what_stays(memory: Parts, replayed: int = 0) -> str:
    """Says what an agent still has of an object that is taken away from a screen, in a sentence or two.

    Args:
        memory: what the agent carries from screen to screen.
        replayed: screens before from which objects are taken away for comparison.
    """
    again = f" Where it differs, what follows had they been missing on the {replayed} screens before, too, is said."
    return _say_what_stays(memory) + again * bool(replayed)


def _say_what_stays(memory: Parts) -> str:
    here = "Objects are taken away from this screen only"
    if "frames" in memory:
        return f"{here}: the {memory['frames'].shape[-1]} screens before, which the agent sees too, still show them."
    if memory:
        return f"{here}: what the agent remembers of the screens before still has them."
    return f"{here}: it is all that the agent sees."


def _figure(value: float, decimals: int) -> str:
    return f"{value:.{decimals}f}".replace("-", "−")
