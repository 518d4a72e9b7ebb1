import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from xdrl.benchmarks.process_trees import tree_cpu_seconds

WORK = "import time\nwhile time.process_time() < 0.3: pass\nprint(flush=True)\ninput()"


def test_the_time_of_a_process_below_counts():
    before, own = tree_cpu_seconds(), time.process_time()
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", WORK], **pipes) as child:
        assert child.stdout is not None
        child.stdout.readline()
        after, own = tree_cpu_seconds(), time.process_time() - own
        child.communicate(b"\n")
    assert after - before == pytest.approx(0.3 + own, abs=0.15)


def test_names_and_strangers_do_not_matter(tmp_path: Path):
    stats = {
        os.getpid(): ("a) b (c", 1, 100, 20),
        10**8: ("child", os.getpid(), 30, 5),
        10**8 + 1: ("other", 1, 900, 0),
    }
    for process, (name, parent, user, system) in stats.items():
        (tmp_path / str(process)).mkdir()
        between = " ".join("0" * 9)
        (tmp_path / str(process) / "stat").write_text(f"{process} ({name}) S {parent} {between} {user} {system} 0 0\n")
    assert tree_cpu_seconds(tmp_path) == 155 / os.sysconf("SC_CLK_TCK")


def test_where_no_system_says_it_this_process_alone_counts(tmp_path: Path):
    assert tree_cpu_seconds(tmp_path) == pytest.approx(time.process_time(), abs=1.0)
