"""The truth table: what was claimed of the heatmaps, and whether it held against its baselines."""

import json
import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from xdrl.agents import Agent
from xdrl.errors import UserError
from xdrl.trust.baselines import BASELINES, DECISIVE

VERDICTS = ("yes", "no", "not shown")
TRUST, TRUST_RECORD = Path("trust"), "trust.json"
"""Where `trust` writes, a folder for each game."""
_BETTER = "better than "
_FOR_COMPARISON = {_BETTER + words for source, words in BASELINES.items() if source not in DECISIVE}


@dataclass(frozen=True)
class Rival:
    """What a claim was held against.

    Attributes:
        against: in words that go on from the claim, such as `better than chance`.
        figure: what was measured of it; None where nothing could be.
        verdict: whether the claim holds against it, `yes`, `no` or `not shown`; None where that was not kept.
        decides: the claim's own verdict depends on it; else it is there to compare.
    """

    against: str
    figure: float | None
    verdict: str | None
    decides: bool


@dataclass(frozen=True)
class Claim:
    """A claim that was tested.

    Attributes:
        claim: in words.
        verdict: `yes`, `no` or `not shown`.
        figure: what was measured; None where nothing could be.
        interval: its confidence interval, low and high; None where there is none.
        rivals: what it was held against.
        note: what else a reader has to know, or "".
    """

    claim: str
    verdict: str
    figure: float | None
    interval: tuple[float, float] | None
    rivals: tuple[Rival, ...]
    note: str = ""


def read_claims(values: Any) -> list[dict[str, Any]]:
    """Checks a list of claims that came from a file.

    Args:
        values: a list of objects with the fields of `Claim`; others beside them are passed over. In the place of
            `rivals` may be `baselines`, figures by name, of which it is not known whether the claim holds against
            them: earlier exports have that.

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
    is_known = verdict in VERDICTS
    rivals = [
        {
            "against": each["against"],
            "figure": each["other"]["mean"],
            "verdict": each["verdict"] if each["verdict"] in VERDICTS else "not shown",
            "decides": each.get("decides", each["against"] not in _FOR_COMPARISON),  # earlier records do not say
        }
        for each in claim["comparisons"]
    ]
    return {
        "claim": f"{method}: {claim['sentence']}",
        "verdict": verdict if is_known else "not shown",
        "figure": own["mean"],
        "interval": None if None in (own["low"], own["high"]) else (own["low"], own["high"]),
        "rivals": rivals,
        "note": "" if is_known else str(verdict),
    }


def _read_claim(value: Any, number: int) -> Claim:
    try:
        interval = value.get("interval")
        claim = Claim(
            claim=str(value["claim"]),
            verdict=value["verdict"],
            figure=_figure(value.get("figure")),
            interval=None if interval is None else (float(interval[0]), float(interval[1])),
            rivals=tuple(_read_rivals(value)),
            note=str(value.get("note") or ""),
        )
    except (AttributeError, KeyError, IndexError, TypeError, ValueError) as error:
        fields = "claim, verdict, figure, interval and rivals"
        raise UserError(f"expected claim {number} to have {fields}, got {str(value)[:200]}") from error
    verdicts = [claim.verdict, *(rival.verdict for rival in claim.rivals if rival.verdict is not None)]
    if wrong := [verdict for verdict in verdicts if verdict not in VERDICTS]:
        raise UserError(f"expected claim {number} to have verdicts of {', '.join(VERDICTS)}, got {wrong[0]!r}")
    figures = [claim.figure, *(claim.interval or ()), *(rival.figure for rival in claim.rivals)]
    if not all(figure is None or math.isfinite(figure) for figure in figures):
        raise UserError(f"expected claim {number} to have finite figures, got {str(value)[:200]}")
    return claim


def _read_rivals(value: dict[str, Any]) -> Iterator[Rival]:
    for name, figure in (value.get("baselines") or {}).items():
        yield Rival(str(name).removeprefix(_BETTER), float(figure), None, str(name) not in _FOR_COMPARISON)
    for each in value.get("rivals") or ():
        yield Rival(str(each["against"]), _figure(each.get("figure")), each.get("verdict"), bool(each["decides"]))


def _figure(value: Any) -> float | None:
    return None if value is None else float(value)
