"""Builds the report of a game: explains it for every target, and writes one HTML file."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from xdrl.agents import Agent
from xdrl.errors import UserError
from xdrl.evaluation import Recording
from xdrl.explanations.highlights import tellings
from xdrl.invocation import program
from xdrl.report.assembling import assemble_page
from xdrl.report.claims import read_claims
from xdrl.report.contents import describe_making, describe_page, describe_steps, find_moments, find_warnings
from xdrl.report.maps import Maps, explain_recording
from xdrl.report.packing import most_cells_of, pack_maps, pack_screens
from xdrl.storage.files import replaced_file
from xdrl.trust.summary import summarise_claims


def build_report(
    agent: Agent,
    recording: Recording,
    flips: np.ndarray,
    path: Path,
    *,
    method: str = "grad-cam",
    target: str = "chosen",
    others: Mapping[str, Sequence[str]] | None = None,
    facts: Sequence[tuple[str, str]] = (),
    claims: Any = None,
    on_target: Callable[[int, int], None] = lambda done, total: None,
) -> list[str]:
    """Writes the report of a game.

    Args:
        agent: that played.
        recording: the game, of S steps.
        flips: bool [S], whether the action would be another without memory.
        path: of the HTML file; its folder is made where it is missing.
        method: whose every target is explained.
        target: that the report opens with.
        others: targets of other methods that it has too, by method.
        facts: how it was made as far as only the caller knows, such as ("Command", "python cli.py explain Pong").
        claims: what truth tests found, a list of objects with the fields of `claims.Claim`; None where none ran.
        on_target: called with the number of targets explained so far, and of all.

    Returns:
        the report's warnings, then a line for each map that could not be computed.

    Raises:
        UserError: the method or the target cannot be computed, the claims are none, the agent's outputs are not
            finite, or the file cannot be written.
    """
    truth = None if claims is None else read_claims(claims)
    found = summarise_claims((claim["claim"], claim["verdict"]) for claim in truth or ())
    if not (np.isfinite(recording.logits).all() and np.isfinite(recording.values).all()):
        raise UserError(f"expected an agent that answers in finite numbers, got NaN or infinity of {agent.game.name}'s")
    maps = explain_recording(agent, recording, method, target, others or {}, on_target)
    contents = _report_contents(agent, recording, flips, maps, facts) | {"truth": truth, "truth_summary": found}
    path.parent.mkdir(parents=True, exist_ok=True)
    with replaced_file(path) as aside:
        aside.write_text(assemble_page(f"{agent.game.name}: what the agent looked at", contents), "utf-8")
    return [*contents["warnings"], *contents["left_out"]]


def _report_contents(
    agent: Agent, recording: Recording, flips: np.ndarray, maps: Maps, facts: Sequence[tuple[str, str]]
) -> dict[str, Any]:
    steps, score = len(recording.actions), float(recording.rewards.sum())
    ending = "the game was over then" if recording.is_over else "the game was cut there"
    shown = maps.sets[0]
    most_cells = most_cells_of(len(maps.sets))
    return describe_page(agent) | {
        "subtitle": f"What the agent looked at, step by step: {score:g} points in {steps:,} agent steps",
        "warnings": find_warnings(recording, shown),
        "left_out": maps.left_out,
        "strong": "a strong map of this episode",
        "made": describe_making(agent, [("Game", f"{steps:,} agent steps, {score:g} points; {ending}"), *facts]),
        "methods": list(dict.fromkeys(each.method for each in maps.sets)),
        "default": {"method": shown.method, "target": shown.target},
        "moments": find_moments(agent, recording),
        "opening": int(tellings(recording.preferences, shown.peaks).argmax()),
        "truth_command": f"{program()} trust {agent.game.name}",
        "series": describe_steps(recording, flips),
        "screens": pack_screens(recording.screens),
        "maps": [pack_maps(each, most_cells) for each in maps.sets],
    }
