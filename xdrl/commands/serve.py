"""`serve`: TensorFlow Serving's REST API for every exported agent."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from xdrl.commands.console import console, end_at_once
from xdrl.commands.loading import load_tensorflow
from xdrl.errors import UserError
from xdrl.views.choosing import standing_line


def say_models() -> None:
    """Says which agents are served where no folder is named, and which of the person's own are not."""
    from xdrl.agent_folders import folders_to_serve
    from xdrl.standings import read_standing
    from xdrl.storage.saved_models import EXPORTED_MODELS, shipped_agents

    for name, folder in folders_to_serve().items():
        console.print(f"{name}: {standing_line(read_standing(folder))}", soft_wrap=True, highlight=False)
        own = shipped_agents(EXPORTED_MODELS).get(name)
        if own and own.parent != folder:
            line = f"  not taken: {standing_line(read_standing(own))}; --models {EXPORTED_MODELS} takes it"
            console.print(line, soft_wrap=True, highlight=False)


def serve(
    models: Annotated[
        Path | None,
        typer.Option(help="Folder of NAME/VERSION/saved_model.pb.  [default: of each game the agent that plays best]"),
    ] = None,
    model_config_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Names the models instead, as for TensorFlow Serving.")
    ] = None,
    model_config_file_poll_wait_seconds: Annotated[
        float, typer.Option(min=0, help="Between two readings of that file; 0: one.")
    ] = 0.0,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8501,
    grpc_port: Annotated[int, typer.Option(min=0, max=65535, help="The same for gRPC.")] = 8500,
    poll_seconds: Annotated[float, typer.Option(min=0, help="Between two looks for new versions; 0: never.")] = 1.0,
    rest_api_enable_cors_support: Annotated[
        bool, typer.Option("--rest-api-enable-cors-support", help="Let web pages of any origin ask the REST API.")
    ] = False,
    monitoring: Annotated[
        bool, typer.Option(help="Answer /monitoring/prometheus/metrics, under TensorFlow Serving's names.")
    ] = False,
    batching: Annotated[
        bool | None,
        typer.Option(help="Run together what several clients ask.  [default: for exports that allow it]"),
    ] = None,
    rest_api_timeout_in_ms: Annotated[
        int, typer.Option(min=1, help="Longest time to an answer; a client's own deadline over gRPC may be shorter.")
    ] = 30_000,
    rest_api_num_threads: Annotated[
        int, typer.Option(min=1, help="Requests that are read or written, and runs of a model, at the same time.")
    ] = 64,
    max_body_bytes: Annotated[int, typer.Option(min=1, max=2**31 - 1, help="Largest request, over gRPC as well.")] = 32
    * 1024
    * 1024,
    grpc_channel_arguments: Annotated[
        str, typer.Option(metavar="NAME=VALUE,...", help="What else gRPC is to know, as for TensorFlow Serving.")
    ] = "",
    tensorflow_intra_op_parallelism: Annotated[
        int, typer.Option(min=0, help="Threads inside one operation; 0: as many as processors.")
    ] = 0,
    tensorflow_inter_op_parallelism: Annotated[
        int, typer.Option(min=0, help="Operations of a model side by side; 0: as many as processors.")
    ] = 0,
) -> None:
    """Answer TensorFlow Serving's REST API for every exported agent, until Ctrl-C.

    Names of options may be written with underscores, as TensorFlow Serving has them.
    """
    if models is None and model_config_file is None:
        say_models()
    load_tensorflow()
    from serving.server import Batching, Limits, ServerError, ServerSummary, Settings
    from serving.server import serve as serve_models
    from xdrl.agent_folders import folders_to_serve

    def announce(summary: ServerSummary) -> None:
        for model in summary.models:
            versions = ", ".join(map(str, model.versions)) or "none"
            failed = f"; failed to load: {', '.join(map(str, model.failed_versions))}" if model.failed_versions else ""
            url = f"{summary.url}/v1/models/{model.name}:predict"
            console.print(f"{url}  versions {versions}{failed}", soft_wrap=True)
        console.print(f"{summary.host}:{summary.grpc_port}  the same over gRPC", soft_wrap=True)
        if monitoring:
            console.print(f"{summary.url}/monitoring/prometheus/metrics  counts and latencies", soft_wrap=True)
        console.print(f"{summary.url}/  a page to try them on", soft_wrap=True)
        console.print("Serving; Ctrl-C stops.")

    settings = Settings(
        folders_to_serve if models is None and model_config_file is None else models,
        host=host,
        port=port,
        grpc_port=grpc_port,
        model_config_file=model_config_file,
        model_config_file_poll_wait_seconds=model_config_file_poll_wait_seconds,
        poll_seconds=poll_seconds,
        rest_api_enable_cors_support=rest_api_enable_cors_support,
        monitoring=monitoring,
        batching=None if batching is False else Batching(only_stated=batching is None),
        grpc_channel_arguments=grpc_channel_arguments,
    )
    limits = Limits(
        deadline_seconds=rest_api_timeout_in_ms / 1000,
        request_threads=rest_api_num_threads,
        intra_op_threads=tensorflow_intra_op_parallelism,
        inter_op_threads=tensorflow_inter_op_parallelism,
    ).with_bodies_of(max_body_bytes)
    try:
        serve_models(settings, limits, on_ready=announce, on_answered=partial(end_at_once, 0))
    except ServerError as error:
        raise UserError(str(error)) from error
