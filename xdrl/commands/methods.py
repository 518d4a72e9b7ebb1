"""`methods`: the explanation methods there are."""

from xdrl.commands.console import console
from xdrl.commands.loading import load_tensorflow


def methods() -> None:
    """List the explanation methods and their sources."""
    load_tensorflow()
    from xdrl.explainers import METHODS
    from xdrl.views.terminal import methods_view

    console.print(methods_view(METHODS))
