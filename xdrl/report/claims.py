"""The truth table: what was claimed of the heatmaps, and whether it held against its baselines."""

import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from xdrl.agents import Agent
from xdrl.errors import UserError

VERDICTS = ("yes", "no", "not shown")
TRUST, TRUST_RECORD = Path("trust"), "trust.json"
"""Where `trust` writes, a folder for each game."""


@dataclass(frozen=True)
class Claim:
    """A claim that was tested.

    Attributes:
        claim: in words.
        verdict: `yes`, `no` or `not shown`.
        figure: what was measured; None where nothing could be.
        interval: its confidence interval, low and high; None where there is none.
        baselines: the same figure of each baseline, by name.
        note: what else a reader has to know, or "".
    """

    claim: str
    verdict: str
    figure: float | None
    interval: tuple[float, float] | None
    baselines: dict[str, float]
    note: str = ""


def read_claims(values: Any) -> list[dict[str, Any]]:
    """Checks a list of claims that came from a file.

    Args:
        values: a list of objects with the fields of `Claim`; others beside them are passed over.

    Returns:
        the claims as plain JSON values.

    Raises:
        UserError: it is no such list.
    """
    if not isinstance(values, list):
        raise UserError(f"expected a list of claims, got {type(values).__name__}")
    return [asdict(_read_claim(value, number)) for number, value in enumerate(values, 1)]


def claims_of_trust(record: Any) -> list[dict[str, Any]]:
    """Turns what the truth tests wrote, the JSON of all methods, into a list for `read_claims`.

    A verdict that is none of the three is why there is none: the claim is then not shown, and its note says why.

    Raises:
        UserError: it is no such JSON.
    """
    try:
        return [_flatten(each["method"], claim) for each in record["methods"] for claim in each["claims"]]
    except (KeyError, TypeError, AttributeError) as error:
        raise UserError(
            f"expected what truth tests wrote, with methods and their claims, got {str(record)[:200]}"
        ) from error


def find_claims(agent: Agent, folder: Path = TRUST) -> list[dict[str, Any]] | None:
    """Returns what truth tests found of an agent, None where none ran on these weights.

    Args:
        agent: that is meant.
        folder: where `trust` writes.

    Raises:
        UserError: the file is no record of truth tests.
    """
    path = folder / agent.game.name / TRUST_RECORD
    try:
        record = json.loads(path.read_text("utf-8"))
        examined = record["agent"]
        is_same = (examined["game"], examined["agent_steps"]) == (agent.game.name, agent.provenance.agent_steps)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(f"expected what truth tests wrote in {path}, got {type(error).__name__}: {error}") from error
    return claims_of_trust(record) if is_same else None


def _flatten(method: str, claim: dict[str, Any]) -> dict[str, Any]:
    own, verdict = claim["own"], claim["verdict"]
    others = {each["against"]: each["other"]["mean"] for each in claim["comparisons"]}
    is_known = verdict in VERDICTS
    return {
        "claim": f"{method}: {claim['sentence']}",
        "verdict": verdict if is_known else "not shown",
        "figure": own["mean"],
        "interval": None if None in (own["low"], own["high"]) else (own["low"], own["high"]),
        "baselines": {name: mean for name, mean in others.items() if mean is not None},
        "note": "" if is_known else str(verdict),
    }


def _read_claim(value: Any, number: int) -> Claim:
    try:
        interval, baselines = value.get("interval"), value.get("baselines") or {}
        claim = Claim(
            claim=str(value["claim"]),
            verdict=value["verdict"],
            figure=_figure(value.get("figure")),
            interval=None if interval is None else (float(interval[0]), float(interval[1])),
            baselines={str(name): float(figure) for name, figure in baselines.items()},
            note=str(value.get("note") or ""),
        )
    except (AttributeError, KeyError, IndexError, TypeError, ValueError) as error:
        fields = "claim, verdict, figure, interval and baselines"
        raise UserError(f"expected claim {number} to have {fields}, got {str(value)[:200]}") from error
    if claim.verdict not in VERDICTS:
        raise UserError(f"expected claim {number} to have a verdict of {', '.join(VERDICTS)}, got {claim.verdict!r}")
    figures = [*claim.baselines.values(), *(claim.interval or ()), *([] if claim.figure is None else [claim.figure])]
    if not all(math.isfinite(figure) for figure in figures):
        raise UserError(f"expected claim {number} to have finite figures, got {str(value)[:200]}")
    return claim


def _figure(value: Any) -> float | None:
    return None if value is None else float(value)
