"""`query`: one screenshot, asked of a running server."""

from pathlib import Path
from typing import Annotated

import typer

from xdrl.commands.console import console
from xdrl.errors import UserError


def query(
    image: Annotated[Path, typer.Argument(metavar="IMAGE.png", help="A screenshot, PNG or JPEG.")],
    game: Annotated[str | None, typer.Option(help="Of the screenshot.  [default: the one that is shipped]")] = None,
    url: Annotated[str, typer.Option(help="Of the server.")] = "http://127.0.0.1:8501",
    overlay: Annotated[Path | None, typer.Option(help="Where the overlay goes.  [default: IMAGE-overlay.png]")] = None,
) -> None:
    """Ask a running server what the agent would do on a screenshot, and why."""
    from serving.client import AgentClient
    from serving.errors import ServingError
    from xdrl.games import find_game
    from xdrl.storage.saved_models import sole_shipped_game
    from xdrl.views.terminal import answer_view, heatmap_view

    name = find_game(game).name if game else sole_shipped_game()
    try:
        image_bytes = image.read_bytes()
    except OSError as error:
        raise UserError(f"expected a screenshot in {image}, got: {error.strerror}") from error
    try:
        answer = AgentClient(url, name).act(image_bytes, with_overlay=True)
    except ServingError as error:
        raise UserError(str(error)) from error
    console.print(answer_view(answer.action_name, answer.probabilities, answer.value))
    console.print(f"heatmap of {answer.action_name}: {answer.heatmap_status}, peak {answer.heatmap_peak:.3g}")
    console.print(heatmap_view(answer.heatmap), end="")
    path = overlay or image.with_name(f"{image.stem}-overlay.png")
    path.write_bytes(answer.overlay or b"")
    console.print(f"Written: {path}")
