"""What the page needs to know of a model: which signatures take a screenshot, and whether there is a sample of one."""

from pathlib import Path
from typing import Any
from urllib.parse import quote

from serving.server.errors import RequestError
from serving.server.models.loading import LoadedVersion
from serving.server.models.repository import ModelRepository
from serving.server.models.signatures import DEFAULT_SIGNATURE, Signature

IMAGE_INPUT = "image_bytes"
_OVERLAY_SIGNATURE = "overlay"
_SAMPLE = Path("assets.extra") / "sample.png"
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_MAX_SAMPLE_BYTES = 4 * 1024 * 1024


def describe_models(repository: ModelRepository) -> list[dict[str, Any]]:
    """Returns the models that take a screenshot, by name.

    Returns:
        For each its `name`, the newest `version` that answers, the `signature` to ask, with a picture in its answer
        where there is one, and the path of its `sample`, None where it has none.
    """
    described = []
    for name in sorted(repository.names()):
        try:
            with repository.lease(name, None, None) as version:
                signature = _screenshot_signature(version)
                sample = f"/samples/{quote(name, safe='')}" if _sample_of(version) is not None else None
                number = version.number
        except RequestError:  # None of its versions answers.
            continue
        if signature is not None:
            described.append({"name": name, "version": str(number), "signature": signature, "sample": sample})
    return described


def read_sample(repository: ModelRepository, name: str) -> bytes | None:
    """Returns the sample that lies in the folder of a model's newest version, a PNG, or None where there is none.

    Args:
        repository: The models; nothing but the path of one of their versions leads to a file.
        name: The model's name.
    """
    try:
        with repository.lease(name, None, None) as version:
            path = _sample_of(version)
            picture = path.read_bytes() if path is not None else b""
    except (RequestError, OSError):
        return None
    return picture if picture.startswith(_PNG_SIGNATURE) else None


def takes_screenshot(signature: Signature) -> bool:
    """Tells whether a signature asks for encoded screenshots and nothing else."""
    spec = signature.inputs.get(IMAGE_INPUT)
    return len(signature.inputs) == 1 and spec is not None and spec.dtype == "string"


def _screenshot_signature(version: LoadedVersion) -> str | None:
    """Returns the name of the signature that says most about a screenshot."""
    for name in (_OVERLAY_SIGNATURE, DEFAULT_SIGNATURE):
        if name in version.signatures and takes_screenshot(version.signatures[name]):
            return name
    return None


def _sample_of(version: LoadedVersion) -> Path | None:
    """Returns the sample's path, None where there is none, it lies elsewhere by a link, or it is too large."""
    path = version.path / _SAMPLE
    try:
        is_inside = path.resolve(strict=True).is_relative_to(version.path.resolve())
        return path if is_inside and path.is_file() and path.stat().st_size <= _MAX_SAMPLE_BYTES else None
    except OSError:
        return None
