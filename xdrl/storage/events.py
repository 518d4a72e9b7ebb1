"""TensorBoard's events file, written without TensorFlow: TensorBoard's own writer imports it where it is installed."""

import os
import socket
import time
from pathlib import Path

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import DATA_CLASS_SCALAR, SummaryMetadata
from tensorboard.compat.proto.tensor_pb2 import TensorProto
from tensorboard.compat.proto.types_pb2 import DT_FLOAT
from tensorboard.plugins.scalar.metadata import PLUGIN_NAME
from tensorboard.summary.writer.record_writer import RecordWriter

_VERSION = "brain.Event:2"
"""What every events file begins with."""


class EventsFile:
    """Scalars by name and step, in a new file of a folder."""

    def __init__(self, folder: Path) -> None:
        """Makes the file; TensorBoard finds it by its name and reads a folder's files in the order of theirs."""
        name = f"events.out.tfevents.{time.time():.6f}.{socket.gethostname()}.{os.getpid()}"
        self._metadata = SummaryMetadata(
            plugin_data=SummaryMetadata.PluginData(plugin_name=PLUGIN_NAME), data_class=DATA_CLASS_SCALAR
        )
        self._file = (folder / name).open("ab")
        self._records = RecordWriter(self._file)
        self._write(Event(wall_time=time.time(), file_version=_VERSION))
        self.flush()

    def add_scalar(self, name: str, value: float, step: int) -> None:
        """Adds one value."""
        event = Event(wall_time=time.time(), step=step)
        event.summary.value.add(
            tag=name, tensor=TensorProto(dtype=DT_FLOAT, float_val=[value]), metadata=self._metadata
        )
        self._write(event)

    def flush(self) -> None:
        """Hands what was added to the system."""
        self._file.flush()

    def close(self) -> None:
        """Closes the file."""
        self._file.close()

    def _write(self, event: Event) -> None:
        self._records.write(event.SerializeToString())
