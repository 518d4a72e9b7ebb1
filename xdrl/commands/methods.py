"""`methods`: the explanation methods there are."""

from xdrl.commands.console import console


def methods() -> None:
    """List the explanation methods and their sources."""
    from xdrl.methods import METHOD_ROWS
    from xdrl.views.terminal import methods_view

    console.print(methods_view(METHOD_ROWS))
