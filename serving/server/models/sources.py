"""Which models are to be served, and which of their versions, as their folders have them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from serving.server.errors import ServerError

MODEL_FILE = "saved_model.pb"
# The real server takes the text form as well.
_MODEL_FILES = (MODEL_FILE, "saved_model.pbtxt")
_MAX_NAMES_SHOWN = 5
_MAX_VERSION = 2**63 - 1

Stamp = tuple[tuple[str, int, int], ...]


class NoModelsError(ServerError):
    """A folder holds no model yet, and may some day."""


@dataclass(frozen=True)
class VersionPolicy:
    """Which of the versions in a model's folder are served.

    Attributes:
        num_latest: That many with the highest numbers; None for all.
        specific: These alone; None for no such restriction.
    """

    num_latest: int | None = None
    specific: frozenset[int] | None = None

    def choose(self, numbers: set[int]) -> set[int]:
        """Returns the versions that are served, of those that are there."""
        if self.specific is not None:
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
        remote: The model's path where it is in no file system of this machine, such as `s3://bucket/model`; then there
            is no folder to look into.
    """

    name: str
    folder: Path
    policy: VersionPolicy = VersionPolicy()
    labels: Mapping[str, int] = field(default_factory=dict)
    remote: str | None = None


def sources_in_folder(folder: Path) -> list[ModelSource]:
    """Returns every model under a folder, by name, all its versions served.

    Args:
        folder: Holds `NAME/<integer>/saved_model.pb`; whatever has another name is ignored.

    Raises:
        NoModelsError: There are none.
        ServerError: There is no such folder, or it is itself a model.
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
    raise NoModelsError(f"{expected}, but found {names}{', …' if len(entries) > _MAX_NAMES_SHOWN else ''}")


def named_sources(folders: Mapping[str, Path]) -> list[ModelSource]:
    """Returns the models whose folders are given by name, all their versions served.

    Raises:
        NoModelsError: There are none.
    """
    if not folders:
        raise NoModelsError(f"Expected SavedModels as NAME/<integer>/{MODEL_FILE}, but found none")
    return [ModelSource(name, folder) for name, folder in sorted(folders.items())]


def find_versions(source: ModelSource) -> dict[int, Path]:
    """Returns the version folders that a model has, by number.

    Raises:
        OSError: They cannot be looked for; its text says why.
    """
    if source.remote is not None:
        raise FileNotFoundError(f"{source.remote} is not on this machine: models are loaded from its own folders")
    if not source.folder.is_dir():
        raise FileNotFoundError(f"{source.folder} is not there")
    return version_folders(source.folder)


def describe_lack(source: ModelSource, numbers: set[int]) -> str:
    """Returns which version a model asks for and does not have, in one line; no text where it has all.

    Args:
        source: The model.
        numbers: The versions that are there.
    """
    specific = source.policy.specific
    if specific is not None and not specific:
        return "its specific version policy names no version"
    if not numbers:
        return f"{source.folder} holds no version, which is a folder named by a number with a {MODEL_FILE} in it"
    missing = _listed((specific or frozenset()) - numbers)
    return f"{source.folder} does not hold version {missing}, only {_listed(numbers)}" if missing else ""


def version_folders(model: Path) -> dict[int, Path]:
    """Returns a model's version folders by number; of two names for one number (`1`, `01`) the shorter counts.

    Raises:
        OSError: The folder cannot be read.
    """
    if not model.is_dir():
        return {}
    entries = sorted(model.iterdir(), key=lambda entry: len(entry.name), reverse=True)
    numbered = [(int(entry.name), entry) for entry in entries if entry.name.isascii() and entry.name.isdecimal()]
    return {number: entry for number, entry in numbered if number <= _MAX_VERSION and _holds_model(entry)}


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


def _holds_model(version: Path) -> bool:
    """Tells whether a version's folder holds a SavedModel: one that is being copied may not yet."""
    return any((version / name).is_file() for name in _MODEL_FILES)


def _listed(numbers: set[int] | frozenset[int]) -> str:
    """Returns numbers, the lowest first, for a message."""
    shown = ", ".join(map(str, sorted(numbers)[:_MAX_NAMES_SHOWN]))
    return f"{shown}, …" if len(numbers) > _MAX_NAMES_SHOWN else shown
