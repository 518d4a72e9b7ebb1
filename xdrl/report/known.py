"""What is known of the methods on an agent: from its own card, or from a league that was held here."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from xdrl.agents import Agent
from xdrl.errors import UserError
from xdrl.invocation import program
from xdrl.methods import DEFAULT
from xdrl.report.claims import TRUST
from xdrl.trust.known import Known, check_known

LEAGUE_RECORD = "league.json"
"""What `trust` writes of a league, beside the rest."""


def find_known(agent: Agent, folder: Path = TRUST) -> Known:
    """Returns what is known of the methods on an agent, of the league over more games; empty where none was held.

    Args:
        agent: that is meant.
        folder: where `trust` writes.

    Raises:
        UserError: the agent's card or the file has no league.
    """
    leagues = (check_known(agent.provenance.league), _read_league(agent, folder / agent.game.name / LEAGUE_RECORD))
    return max(leagues, key=lambda known: known.get("episodes", 0))


def finding_command(agent: Agent) -> str:
    """Returns the command that finds out what the methods are worth on an agent."""
    return f"{program()} trust {agent.game.name} --methods all"


def fields_of_card(known: Known, game_name: str) -> dict[str, Any]:
    """Returns what an exported agent's `agent.json` says of what is known.

    Args:
        known: empty where nothing is.
        game_name: of its game.

    Returns:
        `league`, what is known; and `heatmap_note`, what a server's page says beside the heatmap that it serves.
    """
    command = f"{program()} trust {game_name} --methods all --keep"
    return {"league": dict(known), "heatmap_note": say_known(known, [DEFAULT], command)[0]}


def say_known(known: Known, methods: Sequence[str], command: str) -> list[str]:
    """Says what is known of methods, a line each, and how to find out about the others."""
    words = known.get("words", {})
    untested = [method for method in methods if method not in words]
    lines = [words[method] for method in methods if method in words]
    if untested:
        verb = "compares" if len(untested) == 1 else "compare"
        lines.append(
            f"How {', '.join(untested)} {verb} with other methods on this agent is not known: `{command}` tests it."
        )
    return lines


def _read_league(agent: Agent, path: Path) -> Known:
    try:
        known = json.loads(path.read_text("utf-8"))["known"]
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(f"expected what a league left in {path}, got {type(error).__name__}: {error}") from error
    found = check_known(known)
    is_same = (found.get("game"), found.get("agent_steps")) == (agent.game.name, agent.provenance.agent_steps)
    return found if is_same else {}
