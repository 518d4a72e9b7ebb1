"""One request's run of a signature: what it is given, and what will come of it."""

import time
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from serving.server.deadlines import seconds_left
from serving.server.models.loading import LoadedVersion
from serving.server.models.signatures import Array, Signature

Outputs = dict[str, Array]
Key = tuple[Any, ...]


@dataclass(frozen=True, eq=False)
class Run:
    """One request's run of a signature.

    Attributes:
        version: Held `in_use` by whoever asks, for as long as the outputs are waited for.
        signature: One of its signatures.
        inputs: An array for each input.
        deadline: The moment on `time.monotonic()` after which nobody waits for the outputs.
        num_bytes: The size of the request that its inputs came in.
        asked_at: The moment on `time.monotonic()` from which it waits.
        outputs: What the run gave, or why it failed; whoever does not wait any longer cancels it.
    """

    version: LoadedVersion
    signature: Signature
    inputs: Mapping[str, Array]
    deadline: float
    num_bytes: int = 0
    asked_at: float = field(default_factory=time.monotonic)
    outputs: "Future[Outputs]" = field(default_factory=Future)

    @property
    def num_rows(self) -> int:
        """The size of the first axis of its inputs, 0 where they do not share one."""
        counts = {array.shape[0] if array.ndim else 0 for array in self.inputs.values()}
        return counts.pop() if len(counts) == 1 else 0

    @property
    def key(self) -> Key:
        """What is equal in runs of a version that may share a batch."""
        shapes = ((name, array.shape[1:]) for name, array in sorted(self.inputs.items()))
        return (id(self.signature), *shapes)

    def compute(self) -> Outputs:
        """Runs it by itself, until its deadline at most.

        Raises:
            RequestError: As `LoadedVersion.run` does; or 504, it is too late.
        """
        return self.version.run(self.signature, self.inputs, seconds_left(self.deadline))
