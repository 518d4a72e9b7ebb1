"""What commands load only when they need it, and quietly: TensorFlow, and matplotlib."""

import importlib.util
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xdrl.commands.console import console
from xdrl.quiet import import_tensorflow
from xdrl.signals import signals_that_kill
from xdrl.views.choosing import standing_line

if TYPE_CHECKING:  # it imports numpy, and `--help` has no use for that
    from xdrl.agent_folders import AgentFolder


def load_tensorflow() -> None:
    """Makes TensorFlow what Keras runs on, and imports it."""
    from xdrl.backends import choose_backend

    choose_backend("tensorflow")  # what is not training has no other
    with signals_that_kill():
        import_tensorflow()


def load_agents(*asked: "AgentFolder", threads: int | None = None) -> list[Any]:
    """Says which agents are taken, imports TensorFlow, and loads them; what can be wrong with a call has been found.

    Args:
        asked: the agents.
        threads: that the backend may use; None leaves that to it.
    """
    for each in asked:
        say_agent(each)
    load_tensorflow()
    from xdrl.agents import load_agent
    from xdrl.backends import load_backend

    if threads:
        load_backend().use_threads(threads)
    return [load_agent(each.path) for each in asked]


def say_agent(asked: "AgentFolder") -> None:
    """Says which agent is taken, and which of the person's own could have been meant."""
    console.print(f"{asked.game.name}: {standing_line(asked.standing)}", soft_wrap=True, highlight=False)
    for each in asked.passed_over:
        console.print(f"  not taken: {standing_line(each)}; --agent takes it", soft_wrap=True, highlight=False)


def load_reader(agent: Path) -> None:
    """Imports TensorFlow where it takes it to read an agent; where it is not installed, reading it says so."""
    from xdrl.storage.stored_agents import needs_tensorflow

    if needs_tensorflow(agent) and importlib.util.find_spec("tensorflow"):
        with signals_that_kill():
            import_tensorflow()


def quieten_matplotlib() -> None:
    """Keeps matplotlib from reporting that it makes a cache of fonts, which it does once and is no news."""
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
