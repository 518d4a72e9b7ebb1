"""What the truth tests found, in one sentence: the same on the terminal, in the figure, the JSON and the report."""

from collections.abc import Iterable

YES, NO = "yes", "no"


def summarise_claims(claims: Iterable[tuple[str, str]]) -> str:
    """Says how many claims hold, and which.

    Args:
        claims: each in words, after `METHOD: ` where it is about one method, and its verdict. What is neither yes nor
            no is not shown.

    Returns:
        a sentence, such as: 2 of 4 claims about the heatmap hold (1 fails, 1 not shown): points at moving objects; is
        about the action. One for each method where there are several; "" where there are no claims.
    """
    by_method: dict[str, list[tuple[str, str]]] = {}
    for claim, verdict in claims:
        method, _, sentence = claim.rpartition(": ")
        by_method.setdefault(method, []).append((sentence, verdict))
    sentences = {method: _summarise(found) for method, found in by_method.items()}
    is_named = len(sentences) > 1
    return " ".join(f"{method}: {text}" if is_named and method else text for method, text in sentences.items())


def _summarise(claims: list[tuple[str, str]]) -> str:
    holding = [sentence for sentence, verdict in claims if verdict == YES]
    failing = sum(verdict == NO for _, verdict in claims)
    others = len(claims) - len(holding) - failing
    count = f"{len(holding)} of {len(claims)} claims about the heatmap {'holds' if len(holding) == 1 else 'hold'}"
    rest = f" ({failing} {'fails' if failing == 1 else 'fail'}, {others} not shown)"
    return f"{count}{rest}{': ' if holding else ''}{'; '.join(holding)}."
