"""What is known of the methods on one agent, as its card keeps it: in words, and which of them to take."""

from collections.abc import Mapping
from typing import Any

from xdrl.errors import UserError
from xdrl.methods import BEST
from xdrl.targets import CHOSEN

POLICY, ACTION, OBJECTS = "policy", "action", "objects"
"""Names of the tests that say what a map can be asked."""
QUESTIONS = {POLICY: "what does the policy need here", ACTION: "what speaks for this action"}
"""What a map may be asked, by the test that decides which method answers."""
Known = Mapping[str, Any]
"""What a card keeps: plain JSON values, see `xdrl.trust.league_records.League.known`."""


def check_known(values: Any) -> Known:
    """Checks what came from a file.

    Returns:
        the same; empty where nothing is known.

    Raises:
        UserError: it is nothing that a league left.
    """
    if not values:
        return {}
    try:
        for method, row in values["methods"].items():
            str(values["words"][method]), float(row["milliseconds"])
            for name in (POLICY, ACTION, OBJECTS):
                bool(row["tests"][name]["holds"])
        int(values["episodes"]), str(values["game"])
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise UserError(f"expected what a league of methods left, got {str(values)[:200]}") from error
    found: Known = values
    return found


def read_question(asked: str, target: str) -> str:
    """Reads which question the best method is wanted for.

    Args:
        asked: `best`, `best:policy` or `best:action`.
        target: that is explained, such as `chosen`.

    Returns:
        of `QUESTIONS`; without a name what speaks for the action.

    Raises:
        UserError: there is no such question, or the target is another than the action that was taken.
    """
    question = asked.partition(":")[2] or ACTION
    if question not in QUESTIONS:
        raise UserError(f"expected {BEST}, {', '.join(f'{BEST}:{name}' for name in QUESTIONS)}, got {asked!r}")
    if target != CHOSEN:
        raise UserError(f"expected the target {CHOSEN}, of which alone it is known what is best, got {target}")
    return question


def find_holding(known: Known, question: str) -> list[str]:
    """Names the methods that hold for a question, of `QUESTIONS`, the best first."""
    tests = {method: row["tests"][question] for method, row in known.get("methods", {}).items()}
    return sorted((method for method, test in tests.items() if test["holds"]), key=lambda name: -tests[name]["figure"])


def choose_best(known: Known, question: str, default: str, command: str) -> tuple[str, str]:
    """Takes the method that holds for a question.

    Args:
        known: of the agent; empty where nothing is.
        question: of `QUESTIONS`.
        default: the method that is taken where none holds.
        command: that finds out.

    Returns:
        the method, and which it is and why, in one line.
    """
    asked = f"“{QUESTIONS[question]}?”"
    if not known:
        return default, f"nothing is known of the methods on this agent, {default} is taken; `{command}` finds out"
    holding = find_holding(known, question)
    if not holding:
        return default, f"no method is shown to answer {asked} on this agent; {default} is taken"
    test = known["methods"][holding[0]]["tests"][question]
    others = f"; so do {_join(holding[1:])}" if len(holding) > 2 else f"; so does {holding[1]}" if holding[1:] else ""
    return holding[0], (
        f"{holding[0]} answers {asked} on this agent: it ranks the objects as the agent does, rank correlation "
        f"{test['figure']:.2f}, and {test['against']} reaches {test['rival']:.2f}{others}"
    )


def summarise_league(known: Known) -> str:
    """Says in one sentence which methods hold for which question."""
    parts = []
    for question, words in QUESTIONS.items():
        holding = find_holding(known, question)
        verdict = "nothing holds" if not holding else f"{_join(holding)} hold{'s' * (len(holding) == 1)}"
        parts.append(f"for “{words}?” {verdict}")
    return f"On {known['game']}, {'; '.join(parts)}."


def describe_method(known: Known, method: str) -> str:
    """Says in one sentence what is known of a method on an agent: what its maps show, and what they do not."""
    tests = known["methods"][method]["tests"]
    holds = {name: tests[name]["holds"] for name in (OBJECTS, POLICY, ACTION)}
    verbs = {
        OBJECTS: ("points at moving objects, {:.2f} above chance", "to point at moving objects"),
        POLICY: ("marks what the policy needs, rank correlation {:.2f}", "to mark what the policy needs"),
        ACTION: ("marks what speaks for the action, rank correlation {:.2f}", "to mark what speaks for the action"),
    }
    shown = [verbs[name][0].format(tests[name]["figure"]) for name in holds if holds[name]]
    missing = [verbs[name][1] for name in holds if not holds[name]]
    parts = [_join(shown)] if shown else []
    if missing:
        subject = "it " if parts else ""
        parts.append(f"{subject}is not shown {_join(missing, 'or')}")
    games = known["episodes"]
    return f"On this agent {method} {'; '.join(parts)} ({games} game{'s' * (games != 1)})."


def _join(words: list[str], conjunction: str = "and") -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {conjunction} {words[-1]}"
