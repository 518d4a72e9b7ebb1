import os
import subprocess
import sys
from pathlib import Path

import pytest

from xdrl.benchmarks import measuring, records
from xdrl.benchmarks.processes import ProcessError, call_in_fresh_process
from xdrl.config import TrainingConfig
from xdrl.errors import UserError

ROOT = Path(__file__).parents[3]
LEAVE_A_CALL_UNDER_WAY = """
import os, threading, time
from xdrl.benchmarks.processes import call_in_fresh_process
if __name__ == "__main__":
    threading.Timer(2, os._exit, [7]).start()
    call_in_fresh_process(time.sleep, 600)
"""


def test_a_call_is_made_in_another_process():
    assert call_in_fresh_process(divmod, 7, 2) == (3, 1)
    assert call_in_fresh_process(os.getpid) != os.getpid()


def test_what_a_call_fails_with_is_told_and_where_is_a_note():
    with pytest.raises(ProcessError, match=r"^ZeroDivisionError: ") as failed:
        call_in_fresh_process(divmod, 7, 0)
    assert "Traceback" in failed.value.__notes__[0]


def test_a_process_that_dies_is_told():
    with pytest.raises(ProcessError, match="its process ended with exit code 3"):
        call_in_fresh_process(os._exit, 3)


def test_a_process_ends_with_the_one_that_started_it(tmp_path: Path):
    script = tmp_path / "script.py"
    script.write_text(LEAVE_A_CALL_UNDER_WAY)
    # The pipe is open for as long as one of the processes has it.
    ended = subprocess.run(
        [sys.executable, script], env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, timeout=60
    )
    assert ended.returncode == 7, ended.stderr


def test_a_measurement_that_fails_is_one_line():
    settings = records.BenchmarkSettings(TrainingConfig("Tea"), 0.1)
    with pytest.raises(UserError, match=r"^measuring emulator alone failed: expected the name of .*'Tea'"):
        measuring.measure("emulator", settings)
