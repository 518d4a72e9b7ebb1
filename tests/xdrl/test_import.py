"""`import xdrl`: quick, quiet, and `dir` shows what there is."""

import subprocess
import sys
from pathlib import Path

import pytest

import xdrl

ROOT = Path(__file__).parents[2]
QUICK = """
import sys, xdrl
assert not {"tensorflow", "keras", "numpy", "ale_py", "typer"} & set(sys.modules)
assert dir(xdrl) == sorted([*xdrl.__all__, "__version__"])
"""
QUIET = "import xdrl; xdrl.load_agent; import tensorflow; tensorflow.constant(1)"


def run(code: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120)


def test_the_import_brings_nothing_heavy_and_shows_what_there_is():
    said = run(QUICK)
    assert (said.returncode, said.stderr) == (0, "")


def test_tensorflow_comes_with_the_first_use_and_says_nothing():
    said = run(QUIET)
    assert (said.returncode, said.stdout, said.stderr) == (0, "", "")


@pytest.mark.parametrize("name", xdrl.__all__)
def test_everything_that_is_shown_is_there(name):
    assert getattr(xdrl, name).__name__.rpartition(".")[2] == name
    assert getattr(xdrl, name) is getattr(xdrl, name)


def test_what_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'xdrl' has no attribute 'load_agnet'"):
        getattr(xdrl, "load_agnet")  # noqa: B009
