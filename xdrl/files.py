"""Folders that are written aside, synced and renamed, so that nobody ever sees half of one."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replaced_folder(folder: Path, previous: Path | None = None) -> Iterator[Path]:
    """Gives a new empty folder to fill; on a clean exit it takes the place of `folder`.

    Args:
        folder: what is replaced, or made.
        previous: where the folder that was there is kept; None deletes it.

    Yields:
        the folder to fill. It is deleted if filling it fails, and `folder` is as it was.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    aside = folder.with_name(f".{folder.name}.{os.getpid()}")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir()
    try:
        yield aside
        for path in aside.rglob("*"):
            _sync(path)
        _sync(aside)
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise
    outgoing = previous or folder.with_name(f".{folder.name}.outgoing")
    shutil.rmtree(outgoing, ignore_errors=True)
    if folder.exists():
        folder.rename(outgoing)
    aside.rename(folder)
    _sync(folder.parent)
    if previous is None:
        shutil.rmtree(outgoing, ignore_errors=True)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
