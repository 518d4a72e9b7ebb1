"""What would keep it from running on Windows and macOS, as far as it can be known here."""

import ast
import runpy
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from xdrl.storage import files
from xdrl.storage.files import replaced_file, replaced_folder

ROOT = Path(__file__).parents[1]
reading = SimpleNamespace(**runpy.run_path(str(ROOT / "tests" / "reading.py")))
LOCK = """
import fcntl, os, sys, types

class Msvcrt(types.ModuleType):
    LK_NBLCK = 2

    def locking(self, descriptor, mode, num_bytes):
        assert (mode, num_bytes, os.lseek(descriptor, 0, os.SEEK_CUR)) == (self.LK_NBLCK, 1, 0)
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, num_bytes)

sys.platform, sys.modules["msvcrt"] = "win32", Msvcrt("msvcrt")
from xdrl.storage.locks import try_lock

file = open(sys.argv[1], "ab")
print(try_lock(file), flush=True)
sys.stdin.read()
"""
"""Windows' lock over a stand-in of its module: on its bytes, from where the file stands."""


@pytest.mark.slow
def test_nothing_is_used_that_windows_does_not_have():
    platform = "win32"  # what Linux alone has, it lacks as well
    cache = ROOT / ".mypy_cache" / platform
    command = [sys.executable, "-m", "mypy", "--platform", platform, "--cache-dir", str(cache), "--no-error-summary"]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=500)
    assert (said.returncode, said.stdout) == (0, "")


def unsaid_encodings(path: Path) -> list[int]:
    """The lines on which a text file is read or written in whatever encoding the system prefers."""
    found = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute | ast.Name):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            given = [each.value for each in (*node.args, *(word.value for word in node.keywords)) if is_text(each)]
            is_binary = any("b" in each and set(each) <= set("rwab+") for each in given)
            opens = name == "open" and getattr(getattr(node.func, "value", None), "id", "") not in (
                "os",
                "Image",
                "archive",
            )
            if (opens or name in ("read_text", "write_text")) and not is_binary and "utf-8" not in given:
                found.append(node.lineno)
    return found


def is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def test_every_text_file_is_utf_8():
    modules = {name: path for name, path in reading.find_modules(ROOT).items() if not name.startswith("serving.server")}
    found = {name: unsaid_encodings(path) for name, path in modules.items()}
    assert {name: lines for name, lines in found.items() if lines} == {}


@pytest.mark.parametrize(
    ("line", "is_found"),
    [
        ("path.read_text()", True),
        ("path.write_text('a')", True),
        ("path.open('a')", True),
        ("open(path)", True),
        ("path.read_text('utf-8')", False),
        ("path.open('rb')", False),
        ("path.open('a', encoding='utf-8')", False),
        ("os.open(path, 0)", False),
    ],
)
def test_a_text_file_of_no_encoding_is_found(tmp_path, line, is_found):
    (tmp_path / "file.py").write_text(line)
    assert bool(unsaid_encodings(tmp_path / "file.py")) == is_found


def test_windows_lock_keeps_a_second_process_out(tmp_path):
    command = [sys.executable, "-c", LOCK, str(tmp_path / "lock")]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True) as first:
        assert first.stdout.readline() == "True\n"
        with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True) as second:
            assert second.communicate()[0] == "False\n"
        first.communicate()
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True) as third:
        assert third.communicate()[0] == "True\n"


def test_a_system_that_opens_no_folder_still_replaces_it(tmp_path, monkeypatch):
    open_file = files.os.open

    def open_as_windows(path: Path, flags: int) -> int:
        assert not Path(path).is_dir() and flags == files.os.O_RDWR
        return open_file(path, flags)

    monkeypatch.setattr(files, "_IS_WINDOWS", True)
    monkeypatch.setattr(files.os, "open", open_as_windows)
    for text in ("first", "second"):
        with replaced_folder(tmp_path / "folder") as folder:
            (folder / "inner").mkdir()
            (folder / "inner" / "file").write_text(text)
        with replaced_file(tmp_path / "file") as file:
            file.write_text(text)
        assert (tmp_path / "folder" / "inner" / "file").read_text() == (tmp_path / "file").read_text() == text
