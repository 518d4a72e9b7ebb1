"""A video that is interrupted while it is written."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
WRITE_FOR_EVER = """
import os, sys
from pathlib import Path
import numpy as np
from xdrl.pictures.frames import write_video
from xdrl.signals import signals_that_interrupt

def frames():
    for count in range(10**9):
        if count == 5:
            print("ready", flush=True)
        yield np.full((64, 64, 3), count % 256, np.uint8)

with signals_that_interrupt(lambda number: os._exit(128 + number)):
    try:
        write_video(Path(sys.argv[1]), frames())
    except KeyboardInterrupt:
        print("interrupted", flush=True)
        os._exit(0)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_interrupted_video_ends_without_a_word_and_leaves_nothing(tmp_path: Path, number: signal.Signals):
    path, pipe = tmp_path / "video.mp4", subprocess.PIPE
    command = [sys.executable, "-c", WRITE_FOR_EVER, str(path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        output, errors = process.communicate(timeout=60)
    assert (process.returncode, output, errors) == (0, "interrupted\n", "")
    assert not path.exists()
