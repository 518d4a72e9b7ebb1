"""Which models are to be served, and which of their versions: a folder of models, or a model config file."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from google.protobuf import text_format
from tensorflow_serving.config import model_server_config_pb2

from serving.server.errors import RequestError, ServerError, invalid_argument, not_found

MODEL_FILE = "saved_model.pb"
_MAX_NAMES_SHOWN = 5
_PLATFORM = "tensorflow"
_MAX_VERSION = 2**63 - 1

Stamp = tuple[tuple[str, int, int], ...]


@dataclass(frozen=True)
class VersionPolicy:
    """Which of the versions in a model's folder are served.

    Attributes:
        num_latest: That many with the highest numbers; None for all.
        specific: These alone, where there are any.
    """

    num_latest: int | None = None
    specific: frozenset[int] = frozenset()

    def choose(self, numbers: set[int]) -> set[int]:
        """Returns the versions that are served, of those that are there."""
        if self.specific:
            return numbers & self.specific
        return set(sorted(numbers, reverse=True)[: self.num_latest])


@dataclass(frozen=True)
class ModelSource:
    """A model that is to be served.

    Attributes:
        name: The model's name.
        folder: Holds `<integer>/saved_model.pb`.
        policy: Which versions are served.
        labels: Version numbers by label.
    """

    name: str
    folder: Path
    policy: VersionPolicy = VersionPolicy()
    labels: Mapping[str, int] = field(default_factory=dict)


def sources_in_folder(folder: Path) -> list[ModelSource]:
    """Returns every model under a folder, by name, all its versions served.

    Args:
        folder: Holds `NAME/<integer>/saved_model.pb`; whatever has another name is ignored.

    Raises:
        ServerError: There are none.
        OSError: The folder cannot be read.
    """
    expected = f"Expected SavedModels at {folder}/NAME/<integer>/{MODEL_FILE}"
    if not folder.is_dir():
        raise ServerError(f"{expected}, but {folder} is {'not a folder' if folder.exists() else 'not there'}")
    entries = sorted(folder.iterdir())
    sources = [ModelSource(entry.name, entry) for entry in entries if _may_be_model(entry)]
    if sources:
        return sources
    if version_folders(folder):
        raise ServerError(f"{expected}, but {folder} is itself a model: give the folder above it")
    names = ", ".join(entry.name for entry in entries[:_MAX_NAMES_SHOWN]) or "nothing"
    raise ServerError(f"{expected}, but found {names}{', …' if len(entries) > _MAX_NAMES_SHOWN else ''}")


def sources_in_file(path: Path) -> list[ModelSource]:
    """Returns the models of a model config file, the text form of TensorFlow Serving's `ModelServerConfig`.

    Args:
        path: The file; a relative `base_path` in it starts from the file's folder.

    Raises:
        ServerError: The file cannot be read, or does not say what it must.
    """
    try:
        config = text_format.Parse(
            path.read_text(encoding="utf-8"), model_server_config_pb2.ModelServerConfig(), allow_unknown_field=False
        )
        return sources_in_config(config, path.parent)
    except OSError as error:
        raise ServerError(f"Expected a model config file at {path}, but it cannot be read: {error.strerror}") from error
    except (text_format.ParseError, UnicodeDecodeError, RequestError) as error:
        reason = " ".join(str(error).split())
        raise ServerError(f"Expected a model_config_list as protobuf text in {path}, but: {reason}") from error


def sources_in_config(config: Any, root: Path | None = None) -> list[ModelSource]:
    """Returns the models of a `ModelServerConfig` message.

    Args:
        config: The message.
        root: Where a relative `base_path` starts; None where there may be none, as in TensorFlow Serving.

    Raises:
        RequestError: 400, it does not say what it must.
    """
    if config.WhichOneof("config") != "model_config_list":
        raise invalid_argument("Expected a model_config_list in the configuration")
    sources = [_read_source(entry, root) for entry in config.model_config_list.config]
    names = [source.name for source in sources]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise invalid_argument(f"Illegal to list model {twice} multiple times in config list")
    return sources


def check_folder(source: ModelSource) -> None:
    """Checks that a model has a version to serve.

    Raises:
        RequestError: 400, its folder cannot be read; 404, none of the versions that its policy asks for is there.
    """
    try:
        is_there = source.folder.is_dir()
        chosen = source.policy.choose(set(version_folders(source.folder)))
    except OSError:
        is_there, chosen = False, set()
    if not is_there:
        raise invalid_argument(f"Could not find base path {source.folder} for servable {source.name}")
    if not chosen:
        raise not_found(f"Unable to find a version to serve for servable {source.name} at: {source.folder}")


def version_folders(model: Path) -> dict[int, Path]:
    """Returns a model's version folders by number; of two names for one number (`1`, `01`) the shorter counts.

    Raises:
        OSError: The folder cannot be read.
    """
    if not model.is_dir():
        return {}
    entries = sorted(model.iterdir(), key=lambda entry: len(entry.name), reverse=True)
    numbered = [(int(entry.name), entry) for entry in entries if entry.name.isascii() and entry.name.isdecimal()]
    return {number: entry for number, entry in numbered if number <= _MAX_VERSION and (entry / MODEL_FILE).is_file()}


def stamp(version: Path) -> Stamp:
    """Returns what changes when a file of a version does: names, sizes and times of change.

    Raises:
        OSError: A file has gone meanwhile.
    """
    stats = [(str(path), path.stat()) for path in sorted(version.rglob("*")) if path.is_file()]
    return tuple((name, stat.st_size, stat.st_mtime_ns) for name, stat in stats)


def _may_be_model(entry: Path) -> bool:
    """Tells whether a folder holds versions, as far as it can be read: one that cannot may be served already."""
    try:
        return bool(version_folders(entry))
    except OSError:
        return True


def _read_source(entry: Any, root: Path | None) -> ModelSource:
    """Returns one model of the list.

    Raises:
        RequestError: 400, it has no name, no path, or another platform.
    """
    if not entry.name or not entry.base_path:
        raise invalid_argument(f"Expected a name and a base_path for every model, got {str(entry).strip()!r}")
    if entry.model_platform != _PLATFORM:
        raise invalid_argument(f'Expected model_platform "{_PLATFORM}" for {entry.name}, got "{entry.model_platform}"')
    if root is None and not Path(entry.base_path).is_absolute():
        raise invalid_argument(f"Expected model {entry.name} to have an absolute path, got {entry.base_path}")
    folder = (root or Path()) / entry.base_path
    return ModelSource(entry.name, folder, _read_policy(entry), dict(entry.version_labels))


def _read_policy(entry: Any) -> VersionPolicy:
    """Returns a model's version policy; without one the latest version is served.

    Raises:
        RequestError: 400, specific versions are asked for and none is named.
    """
    policy = entry.model_version_policy
    kind = policy.WhichOneof("policy_choice")
    if kind == "all":
        return VersionPolicy()
    if kind == "specific":
        if not policy.specific.versions:
            raise invalid_argument(f"Expected the versions of {entry.name} in its specific version policy, got none")
        return VersionPolicy(specific=frozenset(policy.specific.versions))
    return VersionPolicy(num_latest=max(1, policy.latest.num_versions))
