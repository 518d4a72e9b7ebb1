"""The run of a prediction's graph: the one way from arrays to arrays, for every protocol."""

import time
from collections.abc import Mapping

from serving.server.errors import deadline_exceeded
from serving.server.models.loading import LoadedVersion
from serving.server.models.signatures import Array, Signature


class Runner:
    """Runs signatures for many threads."""

    def run(
        self, version: LoadedVersion, signature: Signature, inputs: Mapping[str, Array], deadline: float
    ) -> dict[str, Array]:
        """Runs a signature and waits for its outputs.

        Args:
            version: The version, held `in_use` by the caller.
            signature: One of its signatures.
            inputs: An array for each input, of the input's dtype and a shape that fits.
            deadline: The moment on `time.monotonic()` after which nobody waits for the answer.

        Returns:
            An array for each output.

        Raises:
            RequestError: 504, the deadline has passed; or TensorFlow's status code, and what the operation said.
        """
        return version.run(signature, inputs, seconds_left(deadline))

    def close(self) -> None:
        """Stops what runs beside the callers; no request may be under way."""


def seconds_left(deadline: float) -> float:
    """Returns the time until a moment on `time.monotonic()`.

    Raises:
        RequestError: 504, it has passed.
    """
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise deadline_exceeded("Deadline exceeded before the request was computed")
    return seconds
