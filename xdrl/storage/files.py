"""Folders and files that are written aside, synced and renamed, so that nobody ever sees half of one."""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from xdrl.errors import UserError

_IS_WINDOWS = os.name == "nt"


@contextmanager
def replaced_folder(folder: Path, previous: Path | None = None) -> Iterator[Path]:
    """Gives a new empty folder to fill; on a clean exit it takes the place of `folder`.

    Args:
        folder: what is replaced, or made.
        previous: where the folder that was there is kept; None deletes it.

    Yields:
        the folder to fill. It is deleted if filling it fails, and `folder` is as it was.

    Raises:
        UserError: it could not be written, on a full disk for one.
    """
    aside = folder.with_name(f".{folder.name}.new")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir()
        yield aside
        for path in aside.rglob("*"):
            _sync(path)
        _sync(aside)
    except BaseException as error:
        shutil.rmtree(aside, ignore_errors=True)
        if isinstance(error, OSError):
            raise _unwritable(folder, error) from error
        raise
    try:
        _take_place(aside, folder, previous)
    except OSError as error:
        raise _unwritable(folder, error) from error


def replace_file(path: Path, text: str) -> None:
    """Writes a text file aside, syncs and renames it.

    Raises:
        UserError: it could not be written; the file that was there is untouched.
    """
    with replaced_file(path) as aside:
        aside.write_text(text, "utf-8")


def save_json(path: Path, values: dict[str, Any]) -> None:
    """Writes plain JSON values aside, syncs and renames them, the folders on the way included.

    Raises:
        UserError: they could not be written; the file that was there is untouched.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{path} cannot be written: {error.strerror or error}") from error
    replace_file(path, json.dumps(values, indent=1) + "\n")


def write_bytes(path: Path, contents: bytes) -> None:
    """Writes a file that is nobody's only copy, such as a picture, the folders on the way included.

    Raises:
        UserError: it could not be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(contents)
    except OSError as error:
        raise UserError(f"{path} cannot be written: {error.strerror or error}") from error


@contextmanager
def replaced_file(path: Path) -> Iterator[Path]:
    """Gives the name of a file to write; on a clean exit it takes the place of `path`.

    Args:
        path: what is replaced, or made.

    Yields:
        the file to write. It is deleted if writing it fails, and `path` is as it was.

    Raises:
        UserError: it could not be written, on a full disk for one.
    """
    aside = path.with_name(f".{path.name}.new")
    try:
        yield aside
        _sync(aside)
        aside.replace(path)
    except BaseException as error:
        aside.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise _unwritable(path, error) from error
        raise


def _take_place(aside: Path, folder: Path, previous: Path | None) -> None:
    outgoing = previous or folder.with_name(f".{folder.name}.outgoing")
    if folder.exists():  # if not, what is outgoing may be all there is until the new one has its name
        shutil.rmtree(outgoing, ignore_errors=True)
        folder.rename(outgoing)
    aside.rename(folder)
    _sync(folder.parent)
    if previous is None:
        shutil.rmtree(outgoing, ignore_errors=True)


def _unwritable(path: Path, error: OSError) -> UserError:
    return UserError(f"{path} cannot be written: {error.strerror or error}; what was there before is untouched")


def _sync(path: Path) -> None:
    if _IS_WINDOWS and path.is_dir():  # which opens no folder, and keeps its names without being told
        return
    descriptor = os.open(path, os.O_RDWR if _IS_WINDOWS else os.O_RDONLY)  # which syncs what may be written alone
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
