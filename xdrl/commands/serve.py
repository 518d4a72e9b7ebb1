"""`serve`: TensorFlow Serving's REST API for every exported agent."""

from pathlib import Path
from typing import Annotated

import typer

from xdrl.commands.console import console
from xdrl.commands.loading import load_tensorflow
from xdrl.errors import UserError


def serve(
    models: Annotated[Path, typer.Option(help="Folder of NAME/VERSION/saved_model.pb.")] = Path("saved_models"),
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8501,
) -> None:
    """Answer TensorFlow Serving's REST API for every exported agent, until Ctrl-C."""
    load_tensorflow()
    from serving.server import ServerError, ServerSummary, Settings
    from serving.server import serve as serve_models

    def announce(summary: ServerSummary) -> None:
        for model in summary.models:
            versions = ", ".join(map(str, model.versions)) or "none"
            failed = f"; failed to load: {', '.join(map(str, model.failed_versions))}" if model.failed_versions else ""
            url = f"{summary.url}/v1/models/{model.name}:predict"
            console.print(f"{url}  versions {versions}{failed}", soft_wrap=True)
        console.print("Serving; Ctrl-C stops.")

    try:
        serve_models(Settings(models, host, port), on_ready=announce)
    except ServerError as error:
        raise UserError(str(error)) from error
