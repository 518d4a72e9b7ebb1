"""The folder of an imported agent: its weights file, and beside it what is found out about it."""

from pathlib import Path

IMPORTED = Path("imported")
"""Where agents are imported to, in the folder in which one stands."""
AGENT_FILE = "agent.npz"


def is_imported(folder: Path) -> bool:
    """Says whether a folder holds an imported agent."""
    return (folder / AGENT_FILE).is_file()
