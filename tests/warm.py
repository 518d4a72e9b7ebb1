"""Processes that have imported TensorFlow already: one process imports it, and every further one is its fork.

The import takes four seconds of a processor, and the tests start a hundred processes. A `WarmPopen` is a
`subprocess.Popen` whose program, a Python file, is run in such a fork; it is a child of the tests all the same.
Where there is no `fork` or no Linux, it is an ordinary process.
"""

import array
import ctypes
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
IMPORTS = ("tensorflow", "keras", "xdrl.agents", "serving.server")
_SIGNALS = (signal.SIGINT, signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM))
IS_POSSIBLE = sys.platform == "linux"
_PR_SET_CHILD_SUBREAPER = 36
_MAX_BYTES = 1 << 20


_OrdinaryPopen = subprocess.Popen


class WarmPopen(_OrdinaryPopen):
    """Runs `[sys.executable, FILE, *ARGUMENTS]`; takes `cwd`, `env` and the streams as `subprocess.Popen` does.

    Of `env`, what TensorFlow reads when it is imported is that of the tests.
    """

    def _execute_child(self, args: Any, *others: Any) -> None:
        """Has the warm process fork; in place of what `subprocess.Popen` does here."""
        if not IS_POSSIBLE:
            super()._execute_child(args, *others)
            return
        _, _, _, _, cwd, env, _, _, _, p2cread, p2cwrite, c2pread, c2pwrite, errread, errwrite, *_ = others
        streams = [theirs if theirs != -1 else own for own, theirs in enumerate((p2cread, c2pwrite, errwrite))]
        ignored = [number for number in _SIGNALS if signal.getsignal(number) is signal.SIG_IGN]
        request = {"arguments": args[1:], "cwd": str(cwd or Path.cwd()), "env": dict(env or os.environ)}
        request["ignored"] = ignored
        self.pid = _fork(request, streams)
        self._child_created = True
        for theirs, own in ((p2cread, p2cwrite), (c2pwrite, c2pread), (errwrite, errread)):
            if theirs != -1 and own != -1:
                os.close(theirs)


_warm: dict[int, tuple["subprocess.Popen[bytes]", socket.socket]] = {}
"""The process to fork from, by the process of the tests that started it."""


def _fork(request: dict[str, Any], streams: list[int]) -> int:
    if os.getpid() not in _warm:
        _warm[os.getpid()] = _start()
    _, connection = _warm[os.getpid()]
    rights = array.array("i", streams).tobytes()
    connection.sendmsg([json.dumps(request).encode()], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])
    return int(connection.recv(64))


def _start() -> tuple["subprocess.Popen[bytes]", socket.socket]:
    # Whom the process that it forks from does not wait for belongs to the tests.
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    own, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}
    with theirs:
        command = [sys.executable, __file__, str(theirs.fileno())]
        # A test may have put `WarmPopen` in the place of `subprocess.Popen`.
        return _OrdinaryPopen(command, pass_fds=[theirs.fileno()], env=environment), own


def _serve(connection: socket.socket) -> None:
    """Forks at every request, until the tests have ended."""
    for name in IMPORTS:
        __import__(name)
    while message := _receive(connection):
        request, streams = message
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            grandchild = os.fork()
            if grandchild == 0:
                for descriptor in (connection.fileno(), reading, writing):
                    os.close(descriptor)
                _become(request, streams)
            os.write(writing, str(grandchild).encode())
            os._exit(0)
        os.waitpid(child, 0)  # from now on the grandchild is a child of the tests
        connection.send(os.read(reading, 64))
        for descriptor in (reading, writing, *streams):
            os.close(descriptor)


def _receive(connection: socket.socket) -> tuple[dict[str, Any], list[int]] | None:
    text, ancillary, _, _ = connection.recvmsg(_MAX_BYTES, socket.CMSG_SPACE(3 * 4))
    if not text:
        return None
    streams = array.array("i")
    for _, _, rights in ancillary:
        streams.frombytes(rights)
    return json.loads(text), list(streams)


def _become(request: dict[str, Any], streams: list[int]) -> None:
    """Turns this process into the program that is asked for."""
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["env"])
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in request["ignored"]:
        signal.signal(number, signal.SIG_IGN)
    file, *_ = sys.argv = request["arguments"]
    sys.path[0] = str(Path(file).parent)
    code: object = 0
    try:
        runpy.run_path(file, run_name="__main__")
    except SystemExit as end:
        code = end.code
    except BaseException:
        sys.excepthook(*sys.exc_info())
        code = 1
    if code is not None and not isinstance(code, int):
        sys.stderr.write(f"{code}\n")
        code = 1
    _end(code or 0)


def _end(code: int) -> None:
    """Ends as the interpreter does: threads are waited for, what is registered runs, and streams are flushed."""
    import atexit
    import threading

    threading._shutdown()
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(code)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the tests
    _serve(socket.socket(fileno=int(sys.argv[1])))
