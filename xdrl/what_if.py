"""What if: one screen is changed by hand, and the agent says what it would do then."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from xdrl.agents import Agent
from xdrl.asking import check_actions, check_screens, check_state
from xdrl.decisions import Decision
from xdrl.errors import UserError
from xdrl.memories import Memory, Parts, select
from xdrl.objects.edits import Changed, Edit, Erase, Move, Paint, change_screen
from xdrl.objects.effects import Without, say_change, say_place
from xdrl.objects.kinds import field_of
from xdrl.objects.outcomes import compare, judge
from xdrl.objects.so_far import Seen
from xdrl.preprocessing import Box

__all__ = ["Erase", "Move", "Paint", "WhatIf", "say_what_is_kept", "what_if"]

MOST_NAMED = 3
"""Changes that a sentence names; of more it says how many there are."""


@dataclass(frozen=True, repr=False)
class WhatIf:
    """What the agent makes of a screen that was changed.

    Attributes:
        changed: the screen, and its objects.
        before: decision on the screen as it was, N = 1.
        after: decision on the changed one, from the same memory, N = 1.
        effect: what the change does.
        words: that in a sentence.
    """

    changed: Changed
    before: Decision
    after: Decision
    effect: Without
    words: str

    def __repr__(self) -> str:
        """Says it in words."""
        return f"<WhatIf: {self.words}>"


def what_if(
    agent: Agent,
    screen: Any,
    edits: Sequence[Edit],
    state: Memory | None = None,
    action: int | None = None,
    seen: Seen | None = None,
) -> WhatIf:
    """Changes one screen and asks the agent again, from the same memory.

    Args:
        agent: that is asked.
        screen: uint8 [210, 160, 3], or what else `Agent.act` takes as one screen.
        edits: the changes, at most 50: `Move`, `Erase` and `Paint`, which number the objects as `seen` does.
        state: of N = 1, with which the agent saw the screen; None where the game starts.
        action: index of the action that the words are about; None takes the preferred one.
        seen: what `agent.watch_objects` saw on it; None sees this screen alone, which needs a background that the
            agent knows.

    Raises:
        UserError: the screen, the state or a change does not fit.

    Example:
        seen = agent.watch_objects().see(screen)
        what_if(agent, screen, [Move(0, to=(80, 40)), Erase(1)], seen=seen).words
    """
    screens = check_screens(screen)
    if len(screens) != 1:
        raise UserError(f"expected one screen, got {len(screens)}")
    state = check_state(state, agent.network.memory_parts, 1)
    known = agent.watch_objects().see(screens[0]) if seen is None else seen
    changed = change_screen(screens[0], known, edits)
    found = agent.act(np.stack([screens[0], changed.screen]), select(state, [0, 0]))
    outcomes = judge(found, [agent.game.deed(name) for name in agent.action_names], agent.judges_actions)
    chosen = int(found.actions[0]) if action is None else int(check_actions([action], 1)[0])
    effect = compare(outcomes, outcomes, chosen, agent.judges_actions)[1]
    labels = [agent.game.label(name) for name in agent.action_names]
    score = float(outcomes.scores[0, chosen])
    change = say_change(score, effect, chosen, labels, agent.judges_actions)
    words = f"{_say_edits(edits, known, field_of(agent.game).name)}: {change}."
    before, after = (_pick(found, index) for index in (0, 1))
    return WhatIf(changed, before, after, effect, words)


def say_what_is_kept(memory: Parts) -> str:
    """Says what an agent still has of the game as it was, in a sentence.

    Args:
        memory: what the agent carries from screen to screen.
    """
    here = "Only this screen is changed"
    if "frames" in memory:
        count = memory["frames"].shape[-1]
        return f"{here}: the {count} screens before, which the agent sees too, are as they were."
    if memory:
        return f"{here}: what the agent remembers of the screens before is as it was."
    return f"{here}: it is all that the agent sees."


def _pick(found: Decision, index: int) -> Decision:
    part = slice(index, index + 1)
    names = ("actions", "probabilities", "logits", "values", "screens")
    return found._replace(state=select(found.state, part), **{name: getattr(found, name)[part] for name in names})


def _say_edits(edits: Sequence[Edit], seen: Seen, name: Callable[[str], str]) -> str:
    """Says what was changed, such as `With the ball at (80, 41) and without the enemy at (18, 90)`."""
    last = {edit.number: edit for edit in edits if not isinstance(edit, Paint)}
    boxes = sum(isinstance(edit, Paint) for edit in edits)
    parts = [_say_object(edit, seen, name) for edit in last.values()]
    if boxes:
        parts.append("with a painted box" if boxes == 1 else f"with {boxes} painted boxes")
    if len(parts) > MOST_NAMED:
        parts = [f"with {len(last) + boxes} changes"]
    if not parts:
        return "As it is"
    text = " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)
    return text[0].upper() + text[1:]


def _say_object(edit: Move | Erase, seen: Seen, name: Callable[[str], str]) -> str:
    item = seen.objects[edit.number]
    what = f"the {name(item.kind)}"
    box = Box(item.top, item.left, item.bottom, item.right)
    if isinstance(edit, Erase):
        return say_place(f"without {what}", box)
    left, top = edit.to
    moved = Box(top, left, top + item.bottom - item.top, left + item.right - item.left)
    return say_place(f"with {what}", moved)
