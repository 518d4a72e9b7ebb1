"""What is being served, and where, for whoever started the server."""

from dataclasses import dataclass

from serving.server.models.repository import ModelRepository, State


@dataclass(frozen=True)
class ModelSummary:
    """A model that is being served, or waited for.

    Attributes:
        name: The model's name.
        versions: The versions that loaded, newest first; the first one is served by default.
        failed_versions: The versions that did not load, newest first.
    """

    name: str
    versions: tuple[int, ...]
    failed_versions: tuple[int, ...]


@dataclass(frozen=True)
class ServerSummary:
    """What is being served, and where.

    Attributes:
        host: The address the server listens on.
        port: The port of the REST API, also where port 0 was asked for.
        grpc_port: The port of the gRPC API, also where port 0 was asked for; None where there is none.
        models: The models, by name.
    """

    host: str
    port: int
    grpc_port: int | None
    models: tuple[ModelSummary, ...]

    @property
    def url(self) -> str:
        """The server's address, to which `/v1/models/NAME` is appended."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"


def summarise(repository: ModelRepository) -> tuple[ModelSummary, ...]:
    """Returns what is being served, by name."""
    return tuple(
        ModelSummary(
            name=name,
            versions=tuple(v.number for v in repository.versions(name) if v.state is State.AVAILABLE),
            failed_versions=tuple(v.number for v in repository.versions(name) if v.error is not None),
        )
        for name in sorted({*repository.names(), *repository.wishes.lacks})
    )
