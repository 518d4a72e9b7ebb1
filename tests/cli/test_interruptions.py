"""A command that is told to end while it is busy with something of its own."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WAITING = """
import sys, time
from xdrl.commands.app import app, main

@app.command()
def wait() -> None:
    print("ready", flush=True)
    time.sleep(60)

sys.argv = ["xdrl", "wait"]
main()
"""
ENDING = """
import atexit
from xdrl.commands.console import console, end_at_once

atexit.register(print, "the interpreter's own end")
console.print("said")
end_at_once(3)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_without_a_word_and_with_the_signals_exit_code(number: signal.Signals):
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", WAITING], cwd=ROOT, stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        output, errors = process.communicate(timeout=60)
    assert (process.returncode, output, errors) == (128 + number, "", "")


def test_an_end_at_once_says_what_was_said_and_waits_for_no_library():
    ended = subprocess.run([sys.executable, "-c", ENDING], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stdout, ended.stderr) == (3, "said\n", "")
