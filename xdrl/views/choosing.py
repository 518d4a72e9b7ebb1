"""Which agent a command takes, in words; nothing here prints."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # it imports numpy, and `--help` has no use for that
    from xdrl.standings import Standing


def standing_line(standing: "Standing") -> str:
    """Says in one line which agent it is, how far it has come and how well it plays."""
    steps = "agent steps not known" if standing.agent_steps is None else f"{standing.agent_steps:,} agent steps"
    if standing.mean is None and standing.protocols:
        return f"{standing.path}, {steps}, evaluated under {', '.join(standing.protocols)} alone"
    if standing.mean is None:
        return f"{standing.path}, {steps}, not evaluated"
    games = f"{standing.num_episodes:,} game{'' if standing.num_episodes == 1 else 's'}"
    return f"{standing.path}, {steps}, mean score {standing.mean:,.2f} of {games}"
