"""The model config file of TensorFlow Serving: which models there are, with their version policies and labels."""

import re
from pathlib import Path
from typing import Any

from google.protobuf import text_format
from tensorflow_serving.config import model_server_config_pb2

from serving.server.errors import RequestError, ServerError, invalid_argument
from serving.server.models.sources import ModelSource, VersionPolicy

_PLATFORM = "tensorflow"
_SCHEME = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9.+-]*)://")
_LOCAL_SCHEME = "file"


class ConfigFile:
    """A model config file, the text form of TensorFlow Serving's `ModelServerConfig`, and what it said when read.

    Attributes:
        sources: The models that it named when it was last read, and was right.
    """

    def __init__(self, path: Path) -> None:
        """Takes the file; a relative `base_path` in it starts from its folder. It is read by `read` alone."""
        self._path = path
        self.sources: list[ModelSource] = []

    def read(self) -> bool:
        """Reads the file, and tells whether it says what to serve: as in the real server, an empty one changes nothing.

        Raises:
            ServerError: The file cannot be read, or does not say what it must; `sources` are as they were.
        """
        config = model_server_config_pb2.ModelServerConfig()
        try:
            text_format.Parse(self._path.read_text(encoding="utf-8"), config)
            if config.WhichOneof("config") is None:
                return False
            self.sources = sources_in_config(config, self._path.parent)
        except OSError as error:
            text = f"Expected a model config file at {self._path}, but it cannot be read: {error.strerror}"
            raise ServerError(text) from error
        except (text_format.ParseError, UnicodeDecodeError, RequestError) as error:
            reason = " ".join(str(error).split())
            text = f"Expected a model_config_list as protobuf text in {self._path}, but: {reason}"
            raise ServerError(text) from error
        return True


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


def _read_source(entry: Any, root: Path | None) -> ModelSource:
    """Returns one model of the list.

    Raises:
        RequestError: 400, it has no name, no path, or another platform.
    """
    if not entry.name:
        raise invalid_argument(f"Expected a name for every model, got {str(entry).strip()!r}")
    _check_platform(entry)
    scheme = _SCHEME.match(entry.base_path)
    remote = entry.base_path if scheme and scheme["scheme"].lower() != _LOCAL_SCHEME else None
    folder = Path(entry.base_path[scheme.end() :] if scheme else entry.base_path)
    if remote is None and not folder.is_absolute():
        if root is None or not entry.base_path:
            text = f"Expected model {entry.name} to have an absolute path or URI; got base_path()={entry.base_path}"
            raise invalid_argument(text)
        folder = root / folder
    return ModelSource(entry.name, folder, _read_policy(entry), dict(entry.version_labels), remote)


def _check_platform(entry: Any) -> None:
    """Checks that a model is TensorFlow's, by `model_platform` or by the older `model_type`.

    Raises:
        RequestError: 400, in TensorFlow Serving's words.
    """
    types, fields = model_server_config_pb2.ModelType, "ModelServerConfig::model_type (deprecated)"
    if entry.model_type != types.MODEL_TYPE_UNSPECIFIED:
        if entry.model_platform:
            text = f"Illegal setting both {fields} and ModelServerConfig::model_platform, model name is {entry.name}"
            raise invalid_argument(text)
        if entry.model_type != types.TENSORFLOW:
            raise invalid_argument(f"ModelServerConfig::model_type choice {entry.model_type} not supported.")
    elif not entry.model_platform:
        text = f"Illegal setting neither {fields} nor ModelServerConfig::model_platform, model name is {entry.name}"
        raise invalid_argument(text)
    elif entry.model_platform != _PLATFORM:
        raise invalid_argument(f"Model {entry.name} requests unsupported platform {entry.model_platform}")


def _read_policy(entry: Any) -> VersionPolicy:
    """Returns a model's version policy; without one the latest version is served."""
    policy = entry.model_version_policy
    kind = policy.WhichOneof("policy_choice")
    if kind == "all":
        return VersionPolicy()
    if kind == "specific":
        return VersionPolicy(specific=frozenset(policy.specific.versions))
    return VersionPolicy(num_latest=max(1, policy.latest.num_versions))
