import os
import signal
import threading

import pytest

from xdrl.signals import signals_that_stop

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
