"""Processor time of this process and of all that it started, which a machine that others use too changes little."""

import os
import sys
import time
from pathlib import Path


def tree_cpu_seconds(processes: Path = Path("/proc")) -> float:
    """Returns the processor time, in seconds, of this process and all below it that still run.

    Args:
        processes: Linux' folder of them; where there is none, this process alone is counted.
    """
    if sys.platform == "win32":
        return time.process_time()
    parents: dict[int, int] = {}
    ticks: dict[int, int] = {}
    for stat in processes.glob("[0-9]*/stat"):
        try:
            text = stat.read_text("utf-8", errors="replace")
        except OSError:  # it has ended meanwhile
            continue
        fields = text[text.rindex(")") + 2 :].split()  # from the third on: a name may hold spaces
        process = int(stat.parent.name)
        parents[process], ticks[process] = int(fields[1]), int(fields[11]) + int(fields[12])
    if os.getpid() not in ticks:
        return time.process_time()
    return sum(ticks[process] for process in ticks if _is_below(process, parents)) / os.sysconf("SC_CLK_TCK")


def _is_below(process: int, parents: dict[int, int]) -> bool:
    while process in parents:
        if process == os.getpid():
            return True
        process = parents[process]
    return False
