"""Agents that other libraries trained become agents of ours: their tensors are read, and nothing of them is run."""

import zipfile
from pathlib import Path
from typing import Any

from xdrl.errors import UserError
from xdrl.imports.keras_files import WEIGHTS, read_keras_file
from xdrl.imports.layers import Imported, Source, translate
from xdrl.imports.stable_baselines import is_stable_baselines, read_stable_baselines
from xdrl.imports.state_files import is_nature, read_clean_rl, read_description, read_mapped, tensors_of
from xdrl.imports.torch_files import read_torch_file
from xdrl.quiet import import_tensorflow

__all__ = ["Imported", "read_foreign_agent"]

MOST_BYTES = 2 << 30
SUPPORTED = (
    "a zip of Stable-Baselines3, a state file of CleanRL, or with --mapping a state_dict, a .keras file or a SavedModel"
)


def read_foreign_agent(path: Path, action_names: tuple[str, ...], game: str, mapping: Path | None = None) -> Imported:
    """Reads an agent of another library.

    Args:
        path: its file, or the folder of a SavedModel.
        action_names: of the game it plays.
        game: name of the game.
        mapping: JSON that names the layers of one's own network; None for files that are known.

    Raises:
        UserError: the file is damaged, of another kind, or of another network; the line says what was found.
    """
    try:
        size = path.stat().st_size
        is_zip = path.is_file() and zipfile.is_zipfile(path)
    except OSError as error:
        raise UserError(f"expected an agent's file in {path}, got {error.strerror}") from error
    if path.is_dir() and (path / "saved_model.pb").exists():
        return translate(_read_saved_model(path, mapping), action_names, game)
    if not is_zip:
        raise UserError(f"expected {SUPPORTED} in {path}, got {_describe(path)}")
    if size > MOST_BYTES:
        raise UserError(f"expected an agent's file of at most {MOST_BYTES >> 30} GiB in {path}, got {size:,} bytes")
    name = path.name
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.namelist()
            if is_stable_baselines(members):
                return translate(read_stable_baselines(archive, name), action_names, game)
            if WEIGHTS in members:
                if mapping is None:
                    raise UserError(f"expected --mapping for the Keras model in {path}: it names the model's layers")
                values = read_description(mapping)
                if not is_nature(values):
                    return _read_own_model(archive, values, mapping, name, action_names, game)
                keras = read_mapped(lambda layers: read_keras_file(archive, layers, name), mapping, name)
                return translate(keras, action_names, game)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise UserError(f"expected {SUPPORTED} in {path}, got a damaged archive: {error}") from error
    if not any(member.endswith("/data.pkl") for member in members):
        raise UserError(f"expected {SUPPORTED} in {path}, got an archive of {', '.join(members[:4]) or 'nothing'}")
    content = read_torch_file(path.read_bytes(), name)
    if mapping is None:
        return translate(read_clean_rl(content, name), action_names, game)
    return translate(read_mapped(lambda _: tensors_of(content), mapping, name), action_names, game)


def _read_own_model(archive: zipfile.ZipFile, *arguments: Any) -> Imported:
    import_tensorflow()
    from xdrl.imports.own_models import read_own_model

    return read_own_model(archive, *arguments)


def _read_saved_model(path: Path, mapping: Path | None) -> Source:
    if mapping is None:
        raise UserError(f"expected --mapping for the SavedModel in {path}: it names the model's layers")
    if not is_nature(read_description(mapping)):
        raise UserError(
            f"expected {mapping} to name the layers of the Nature network, of which alone a SavedModel is read, got no "
            "convolution_1; a model of another shape is read from model.save('agent.keras')"
        )
    import_tensorflow()
    from xdrl.imports.saved_model_files import read_saved_model

    return read_mapped(lambda layers: read_saved_model(path, layers), mapping, path.name)


def _describe(path: Path) -> str:
    if path.is_dir():
        return "a folder"
    with path.open("rb") as file:
        start = file.read(2)
    if not start:
        return "an empty file"
    return "a bare pickle, which could run any code" if start[0] == 0x80 else "no zip archive"
