"""What a server serves and where, as the person who starts it says."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Settings:
    """What is served, and where.

    Attributes:
        models: Folder of `NAME/<integer>/saved_model.pb`.
        host: The address to listen on.
        port: The port of the REST API; 0 picks a free one.
    """

    models: Path
    host: str = "127.0.0.1"
    port: int = 8501
