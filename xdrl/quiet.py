"""Imports TensorFlow without what it logs meanwhile, which none of its settings stops."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


def import_tensorflow() -> None:
    """Imports TensorFlow and has it look for its devices, with the process's error stream shut."""
    if "tensorflow" in sys.modules:
        return
    with _error_stream_shut():
        import tensorflow

        tensorflow.config.list_physical_devices()


@contextmanager
def _error_stream_shut() -> Iterator[None]:
    """Leads the file descriptor 2, which C++ writes to, nowhere."""
    if sys.stderr is not None:
        sys.stderr.flush()
    try:
        kept = os.dup(2)
    except OSError:  # it is closed already
        yield
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
