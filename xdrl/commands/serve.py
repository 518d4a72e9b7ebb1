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
    from serving.server import ModelSummary, ServerError
    from serving.server import serve as serve_models

    def announce(summaries: list[ModelSummary]) -> None:
        for summary in summaries:
            versions = ", ".join(str(number) for number in summary.versions) or "none"
            failed = (
                f"; failed to load: {', '.join(map(str, summary.failed_versions))}" if summary.failed_versions else ""
            )
            console.print(f"{summary.url}:predict  versions {versions}{failed}", soft_wrap=True)
        console.print("Serving; Ctrl-C stops.")

    try:
        serve_models(models, host, port, on_ready=announce)
    except ServerError as error:
        raise UserError(str(error)) from error
