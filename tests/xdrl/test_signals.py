"""Signals that ask for an end: as a request, or as an interruption that nothing can swallow."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from xdrl.signals import signals_that_kill, signals_that_stop

ROOT = Path(__file__).parents[2]
STUBBORN = """
import hashlib, os, sys, threading, time
from xdrl.signals import signals_that_interrupt

# Another thread runs once this one sleeps or is deep in a library, and not before.
sys.setswitchinterval(1000)
begins = threading.Lock()
begins.acquire()
threading.Thread(target=lambda: begins.acquire() and print("ready", flush=True), daemon=True).start()
with signals_that_interrupt(lambda number: os._exit(128 + number)):
    try:
        begins.release()
        {busy}
    except KeyboardInterrupt:
        print("interrupted", flush=True)
        {then}
"""
NAPS = "while True: time.sleep(0.01)"
STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@pytest.mark.parametrize("number", STOPS)
def test_a_signal_asks_for_an_end_and_ends_nothing(number: signal.Signals):
    stop, before = threading.Event(), [signal.getsignal(each) for each in STOPS]
    with signals_that_stop(stop.set):
        os.kill(os.getpid(), number)
        assert stop.wait(10)
    assert [signal.getsignal(each) for each in STOPS] == before


def test_a_signal_that_is_ignored_stays_ignored():
    stop, before = threading.Event(), signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with signals_that_stop(stop.set):
            os.kill(os.getpid(), signal.SIGHUP)
            os.kill(os.getpid(), signal.SIGINT)  # heeded, and after the other
            assert stop.wait(10) and signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_another_thread_changes_nothing():
    before, found = signal.getsignal(signal.SIGTERM), []

    def look() -> None:
        with signals_that_stop(lambda: None):
            found.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert found == [before]


@pytest.mark.parametrize(
    ("number", "busy", "then", "code", "said"),
    [
        # Many short sleeps: a signal that comes just before a long one would not be heard until its end.
        (signal.SIGINT, NAPS, "sys.exit(3)", 3, "interrupted\n"),
        (signal.SIGTERM, NAPS, NAPS, 128 + signal.SIGTERM, "interrupted\n"),
        # Deep in a library, where no exception reaches the main thread.
        (signal.SIGINT, "hashlib.pbkdf2_hmac('sha256', b'', b'', 10**9)", "pass", 128 + signal.SIGINT, ""),
    ],
)
def test_an_interruption_ends_what_swallows_it_and_what_does_not_hear_it(number, busy, then, code, said):
    command = [sys.executable, "-c", STUBBORN.format(busy=busy, then=then)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        assert (process.communicate(timeout=30)[0], process.returncode) == (said, code)


def test_while_a_library_is_loaded_the_system_itself_ends_the_process():
    before = [signal.getsignal(each) for each in STOPS]
    with signals_that_kill():
        assert [signal.getsignal(each) for each in STOPS] == [signal.SIG_DFL] * len(STOPS)
    assert [signal.getsignal(each) for each in STOPS] == before
