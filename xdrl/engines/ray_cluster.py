"""Ray itself: one that is started on this machine, or a cluster that is joined."""

import logging
import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import ray

from xdrl.backends import SWITCH, running_backend
from xdrl.errors import UserError
from xdrl.machine import count_cores

STORE_BYTES, STORE_BYTES_PER_WORKER = 256 * 2**20, 64 * 2**20
"""Of the object store of a Ray that is started here: each worker holds weights and sends gradients, 17 MB each."""
KNOCK_SECONDS = 10.0
RAY_DEFAULTS = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_worker_niceness": "0"}
"""Of a Ray that is started here, unless the environment has others: it sends nothing home, and its workers are as eager
as threads; Ray would have them give way to whatever else the machine does."""
PASSED_ON = ("TF_CPP_MIN_LOG_LEVEL", "TF_ENABLE_ONEDNN_OPTS", "JAX_PLATFORMS")
"""Of this process's environment, beside Keras' switch, to the actors'."""


def connect(address: str | None, num_workers: int) -> None:
    """Joins the cluster at an address, or starts Ray on this machine; nothing where that is done already.

    Args:
        address: HOST:PORT of a cluster's head, or `auto` for the one that runs on this machine; None starts one that
            ends with this process.
        num_workers: that a Ray which is started has room for.

    Raises:
        UserError: there is no cluster, it does not let this process in, or it runs other versions.
    """
    if ray.is_initialized():
        return
    logging.getLogger("ray").setLevel(logging.ERROR)
    for name, value in RAY_DEFAULTS.items():
        os.environ.setdefault(name, value)
    environment = {SWITCH: running_backend()} | {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, (_clone(), os.environ.get("PYTHONPATH"))))
    options = {"runtime_env": {"env_vars": environment}, "log_to_driver": False, "logging_level": logging.ERROR}
    if address is None:
        options |= {"num_cpus": max(count_cores(), num_workers), "include_dashboard": False}
        options |= {"object_store_memory": STORE_BYTES + STORE_BYTES_PER_WORKER * num_workers}
    with _signals_kept():
        try:
            if address not in (None, "auto"):
                _knock(address)
            ray.init(address or "local", **options)
        except (ConnectionError, RuntimeError, ValueError, OSError, ray.exceptions.RayError) as error:
            where = f"a Ray cluster at {address}" if address else "Ray to start"
            raise UserError(f"expected {where}, got {' '.join(str(error).split())}") from error


def disconnect() -> None:
    """Leaves the cluster; one that was started here ends."""
    ray.shutdown()


def count_cluster_cores() -> int:
    """Counts the cores of the cluster that this process is in, of which each worker takes one."""
    return int(ray.cluster_resources().get("CPU", 1))


def _knock(address: str) -> None:
    """Raises OSError or ValueError where nobody listens at an address: Ray itself would try for minutes."""
    host, _, port = address.rpartition(":")
    socket.create_connection((host, int(port)), KNOCK_SECONDS).close()


def _clone() -> str:
    """Returns the folder of a clone that this runs from, which a process of its own would not look in."""
    folder = Path(__file__).parents[2]
    return "" if folder.name == "site-packages" else str(folder)


@contextmanager
def _signals_kept() -> Iterator[None]:
    """Undoes that Ray takes SIGTERM for itself: it would end this process before the run is saved."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handler = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, handler)
