import sys

import pytest

from xdrl import invocation
from xdrl.invocation import is_clone, program, start_of_command


@pytest.mark.parametrize(
    ("called", "in_clone", "in_package"),
    [
        ("/usr/bin/xdrl", "xdrl", "xdrl"),
        ("C:/Scripts/xdrl.exe", "xdrl", "xdrl"),
        ("/lib/site-packages/xdrl/__main__.py", "xdrl", "xdrl"),
        ("cli.py", "python cli.py", "xdrl"),
        ("/home/ann/xdrl/cli.py", "python cli.py", "xdrl"),
        ("/lib/site-packages/pytest/__main__.py", "python cli.py", "xdrl"),
        ("", "python cli.py", "xdrl"),
    ],
)
def test_a_command_is_named_as_one_types_it(monkeypatch, tmp_path, called, in_clone, in_package):
    monkeypatch.setattr(sys, "argv", [called])
    assert is_clone() and program() == in_clone
    monkeypatch.setattr(invocation, "_SCRIPT", tmp_path / "cli.py")
    assert not is_clone() and program() == in_package


def test_a_command_is_started_from_a_clone_and_from_a_package(monkeypatch, tmp_path):
    python, script = start_of_command()
    assert python == sys.executable and script.endswith("cli.py")
    monkeypatch.setattr(invocation, "_SCRIPT", tmp_path / "cli.py")
    assert start_of_command() == [sys.executable, "-m", "xdrl"]
