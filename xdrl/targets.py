"""The targets of an explanation: what can be asked, as it is written on the command line."""

from dataclasses import dataclass
from typing import Any

from xdrl.errors import UserError

CHOSEN, VALUE, ACTION, CONTRAST = "chosen", "value", "action", "contrast"
EXPECTED = "chosen, value, action:NAME, contrast or contrast:NAME"


@dataclass(frozen=True)
class Target:
    """What to explain.

    Attributes:
        kind: `chosen` (the logit of the chosen action), `value` (the critic), `action` (a named action's logit) or
            `contrast` (the chosen action's logit minus another's).
        action: index of the named action, or a tensor of N of them; None where none is named, for contrast the best
            other one.
    """

    kind: str
    action: Any = None


def parse_target(text: str, action_names: tuple[str, ...]) -> Target:
    """Reads a target as it is written on the command line.

    Args:
        text: such as `chosen`, `value`, `action:UP`, `contrast`, `contrast:UP`.
        action_names: of the game.

    Raises:
        UserError: there is no such target, or the game has no such action.
    """
    kind, colon, name = text.partition(":")
    is_named = bool(colon)
    if kind not in (CHOSEN, VALUE, ACTION, CONTRAST) or (is_named != (kind == ACTION) and kind != CONTRAST):
        raise UserError(f"expected a target of {EXPECTED}, got {text!r}")
    if not is_named:
        return Target(kind)
    if name.upper() not in action_names:
        raise UserError(f"expected an action of {', '.join(action_names)}, got {name!r}")
    return Target(kind, action_names.index(name.upper()))
