"""What a server serves and where, as the person who starts it says."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from serving.server.limits import Batching


@dataclass(frozen=True)
class Settings:
    """What is served, and where.

    Attributes:
        models: Folder of `NAME/<integer>/saved_model.pb`; or what returns, at every look, the folder of
            `<integer>/saved_model.pb` of each model, by name. None where there is a config file.
        model_config_file: Names the models instead, as TensorFlow Serving's `ModelServerConfig` in protobuf text.
        model_config_file_poll_wait_seconds: Time between two readings of that file; 0 for one, at the start.
        poll_seconds: Time between two looks for new versions; 0 for never.
        host: The address to listen on.
        port: The port of the REST API; 0 picks a free one.
        rest_api_enable_cors_support: Whether a page of any origin may ask the REST API, and read its answers, in a
            browser.
        monitoring: Whether `/monitoring/prometheus/metrics` answers.
        grpc_port: The port of the gRPC API; 0 picks a free one, None does without.
        grpc_channel_arguments: What else gRPC is to know, as `NAME=VALUE` with commas between; numbers are such there.
        batching: How requests share runs; None runs each by itself.
    """

    models: Path | Callable[[], Mapping[str, Path]] | None = None
    host: str = "127.0.0.1"
    port: int = 8501
    model_config_file: Path | None = None
    poll_seconds: float = 1.0
    model_config_file_poll_wait_seconds: float = 0.0
    rest_api_enable_cors_support: bool = False
    monitoring: bool = False
    grpc_port: int | None = None
    grpc_channel_arguments: str = ""
    batching: Batching | None = field(default_factory=Batching)
