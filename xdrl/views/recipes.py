"""How an agent is made, as rich renderables; nothing here prints."""

import dataclasses

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from xdrl.config import FRAMES_PER_STEP
from xdrl.recipes import Recipe
from xdrl.schedules import Schedule
from xdrl.storage.histories import History


def recipe_view(title: str, recipe: Recipe, history: History = ()) -> RenderableType:
    """Lists every setting of a recipe or of a whole run, and the calls of `train` that made it, if there are any.

    Args:
        title: of the table.
        recipe: the settings; a `TrainingConfig` has more of them, which come after the recipe's.
        history: the calls.
    """
    table = Table(title=title, title_justify="left", show_header=False)
    names = {field.name for field in dataclasses.fields(Recipe)}
    for name, value in vars(recipe).items():
        words = _say(value)
        if name == "agent_steps":
            words += f" ({value * FRAMES_PER_STEP:,} frames)"
        table.add_row(Text(name, "bold" if name in names else ""), words)
    note = "`train GAME --set NAME=VALUE` changes any of them; "
    note += "in bold what makes the recipe." if history else "workers and environments suit the machine."
    parts: list[RenderableType] = [table, Text(note, "dim")]
    for call in history:
        commit = f", commit {call.commit}" if call.commit else ""
        parts.append(Text(f"{call.date}, from {call.agent_steps:,} agent steps on{commit}: {call.command}"))
        parts.append(Text(f"  on {call.machine}; {call.versions}", "dim"))
    return Group(*parts)


def _say(value: object) -> str:
    """Says a setting; of a schedule how it goes on."""
    if isinstance(value, Schedule) and len(value.points) > 1:
        return ", ".join(f"{number:g} at {progress:.0%}" for progress, number in value.points) + ", linear between"
    return f"{value:,}" if isinstance(value, int) else f"{value:g}" if isinstance(value, float) else str(value)
