"""What the page needs to know of a model: which signatures take a screen, and what its folder has to show."""

import json
import math
from pathlib import Path
from typing import Any
from urllib.parse import quote

from serving.server.errors import RequestError
from serving.server.models.loading import LoadedVersion
from serving.server.models.repository import ModelRepository
from serving.server.models.signatures import DEFAULT_SIGNATURE, Signature

IMAGE_INPUT = "image_bytes"
_OVERLAY_SIGNATURE = "overlay"
_EXPLAIN_SIGNATURE, _STEP_SIGNATURE = "explain", "step"
_STATE, _NEXT = "state_", "next_"
_MAX_REMEMBERED = 1 << 20
"""Numbers of a memory that the page sends along."""
SAMPLE, GAME, ABOUT = "sample.png", "game.json", "agent.json"
_EXTRAS = Path("assets.extra")
_BEGINNINGS = {SAMPLE: b"\x89PNG\r\n\x1a\n", GAME: b"{"}
_NOTE, _LONGEST_NOTE = "heatmap_note", 500
"""What an agent's file has to say beside its heatmap, in characters at most."""
_MAX_EXTRA_BYTES = 4 * 1024 * 1024


def describe_models(repository: ModelRepository) -> list[dict[str, Any]]:
    """Returns the models that take a screenshot, by name.

    Returns:
        For each its `name`, the newest `version` that answers, the `signature` to ask, with a picture in its answer
        where there is one, the paths of its `sample` and of a piece of its `game`, None where it has none, its
        `memory`: what an agent that can be asked why not remembers, shapes by name; None of another model, and the
        `note` that its folder has on what its heatmap is worth, None where it has none.
    """
    described = []
    for name in sorted(repository.names()):
        try:
            with repository.lease(name, None, None) as version:
                signature = _screenshot_signature(version)
                paths = {
                    kind: f"/{kind}s/{quote(name, safe='')}" if _extra_of(version, file) is not None else None
                    for kind, file in (("sample", SAMPLE), ("game", GAME))
                }
                rest = {
                    "version": str(version.number),
                    "memory": _memory_of(version),
                    "note": _note_of(version),
                }
        except RequestError:  # None of its versions answers.
            continue
        if signature is not None:
            described.append({"name": name, "signature": signature, **paths, **rest})
    return described


def read_extra(repository: ModelRepository, name: str, file: str) -> bytes | None:
    """Returns what lies in the folder of a model's newest version for the page, or None where there is none.

    Args:
        repository: The models; nothing but the path of one of their versions leads to a file.
        name: The model's name.
        file: `SAMPLE`, a PNG, or `GAME`, a piece of a game as JSON.
    """
    try:
        with repository.lease(name, None, None) as version:
            path = _extra_of(version, file)
            contents = path.read_bytes() if path is not None else b""
    except (RequestError, OSError):
        return None
    return contents if contents.startswith(_BEGINNINGS[file]) else None


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


def _memory_of(version: LoadedVersion) -> dict[str, list[int]] | None:
    """Returns the shapes of what an agent remembers, where it steps from screen to screen and says why not."""
    step, explain = (version.signatures.get(name) for name in (_STEP_SIGNATURE, _EXPLAIN_SIGNATURE))
    if step is None or explain is None:
        return None
    parts = {name: spec.shape for name, spec in step.inputs.items() if name.startswith(_STATE)}
    takes = {"frame", *parts}
    gives = {f"{_NEXT}{name}" for name in parts}
    if set(step.inputs) != takes or set(explain.inputs) != takes | {"target_action"} or not gives <= set(step.outputs):
        return None
    memory = {name: [size or 0 for size in shape[1:]] for name, shape in parts.items() if shape}
    sizes = [math.prod(shape) for shape in memory.values()]
    return memory if len(memory) == len(parts) and min(sizes, default=1) > 0 and sum(sizes) <= _MAX_REMEMBERED else None


def _note_of(version: LoadedVersion) -> str | None:
    """Returns what a version's folder says of its heatmap; None where it says nothing that can be read."""
    path = _extra_of(version, ABOUT)
    try:
        told = json.loads(path.read_text("utf-8")) if path is not None else None
    except (OSError, ValueError, RecursionError):
        return None
    note = told.get(_NOTE) if isinstance(told, dict) else None
    return note[:_LONGEST_NOTE] if isinstance(note, str) else None


def _extra_of(version: LoadedVersion, file: str) -> Path | None:
    """Returns a file's path, None where there is none, it lies elsewhere by a link, or it is too large."""
    path = version.path / _EXTRAS / file
    try:
        is_inside = path.resolve(strict=True).is_relative_to(version.path.resolve())
        return path if is_inside and path.is_file() and path.stat().st_size <= _MAX_EXTRA_BYTES else None
    except OSError:
        return None
