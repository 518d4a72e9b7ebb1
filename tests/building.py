"""Builds the project's wheel and sdist from a copy of its files."""

import shutil
import subprocess
import sys
import tarfile
import venv
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).parents[1]
OLDEST_BUILDER = 77
"""Of setuptools, as pyproject.toml has it."""
BUILD = "import sys; from setuptools import build_meta; getattr(build_meta, 'build_' + sys.argv[1])(sys.argv[2])"


def list_files() -> list[str]:
    """The files of the project, those that are not committed yet included."""
    command = ["git", "-C", str(ROOT), "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    return [name for name in listed if (ROOT / name).is_file()]


def build_all(folder: Path, has_weights: bool) -> dict[str, Path]:
    """Builds the sdist of the project, a wheel from it, and a wheel from the project itself.

    Args:
        folder: empty; all of it goes there.
        has_weights: whether the agents have theirs, which take long to pack.
    """
    python = _find_builder(folder / "builder")
    project = _copy_project(folder / "project", has_weights)
    sdist = _build(python, project, "sdist", folder)
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    source = folder / sdist.name.removesuffix(".tar.gz")
    return {
        "sdist": sdist,
        "wheel": _build(python, project, "wheel", folder),
        "wheel from sdist": _build(python, source, "wheel", folder / "from-sdist"),
    }


def _find_builder(folder: Path) -> str:
    """Returns a Python whose setuptools can build the project: this one, or where it is older one of its own."""
    if int(version("setuptools").partition(".")[0]) >= OLDEST_BUILDER:
        return sys.executable
    venv.create(folder, with_pip=True)
    python = str(folder / "bin" / "python")
    subprocess.run([python, "-m", "pip", "install", "-q", f"setuptools>={OLDEST_BUILDER}"], check=True)
    return python


def _copy_project(folder: Path, has_weights: bool) -> Path:
    """Copies the project: where one builds, files are left."""
    for name in list_files():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.name.startswith("variables.data") and not has_weights:
            path.write_bytes(b"weights")
        else:
            shutil.copy(ROOT / name, path)
    return folder


def _build(python: str, source: Path, kind: str, folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    subprocess.run([python, "-c", BUILD, kind, str(folder)], cwd=source, check=True, capture_output=True)
    return next(folder.glob("*.tar.gz" if kind == "sdist" else "*.whl"))
