"""`query`: one screenshot, asked of a running server."""

from pathlib import Path
from typing import Annotated

import typer

from xdrl.commands.console import console
from xdrl.errors import UserError


def query(
    image: Annotated[Path, typer.Argument(metavar="IMAGE.png", help="A screenshot, PNG or JPEG.")],
    game: Annotated[str | None, typer.Option(help="Of the screenshot.  [default: the one that is served]")] = None,
    url: Annotated[str, typer.Option(help="Of the server.")] = "http://127.0.0.1:8501",
    overlay: Annotated[
        Path | None, typer.Option(help="Where the overlay goes.  [default: ./IMAGE-overlay.png]")
    ] = None,
) -> None:
    """Ask a running server what the agent would do on a screenshot, and why."""
    from serving.client import AgentClient
    from serving.errors import ServingError
    from xdrl.games import find_game
    from xdrl.storage.files import write_bytes
    from xdrl.views.terminal import answer_view, heatmap_view

    name = find_game(game).name if game else None
    try:
        image_bytes = image.read_bytes()
    except OSError as error:
        raise UserError(f"expected a screenshot in {image}, got: {error.strerror}") from error
    try:
        answer = AgentClient(url, name or _sole_model(url)).act(image_bytes, with_overlay=True)
    except ServingError as error:
        raise UserError(str(error)) from error
    console.print(answer_view(answer.action_name, answer.probabilities, answer.value, answer.q_values))
    console.print(f"heatmap of {answer.action_name}: {answer.heatmap_status}, peak {answer.heatmap_peak:.3g}")
    console.print(heatmap_view(answer.heatmap), end="")
    path = overlay or Path(f"{image.stem}-overlay.png")
    write_bytes(path, answer.overlay or b"")
    console.print(f"Written: {path}")


def _sole_model(url: str) -> str:
    """Returns the one model that a server has.

    Raises:
        UserError: it has several, or none, or does not say.
        ServingError: it cannot be reached.
    """
    from serving.client import find_models
    from serving.errors import RequestRefusedError

    try:
        names = find_models(url)
    except RequestRefusedError as error:
        raise UserError(f"expected --game GAME, since {url} does not say which models it has") from error
    if len(names) != 1:
        found = f"models of {', '.join(names)}" if names else "no model that takes a screenshot"
        raise UserError(f"expected --game GAME, since {url} has {found}")
    return names[0]
