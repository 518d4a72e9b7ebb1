"""The run of a prediction's graph: the one way from arrays to arrays, for every protocol."""

from collections.abc import Mapping

from serving.server.deadlines import seconds_left
from serving.server.limits import Batching
from serving.server.models.batching import Batcher
from serving.server.models.loading import LoadedVersion
from serving.server.models.signatures import Array, Signature


class Runner:
    """Runs signatures for many threads, together where that is quicker."""

    def __init__(self, batching: Batching | None) -> None:
        """Takes how requests share runs; with None each runs by itself."""
        self._batcher = None if batching is None else Batcher(batching)

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
            RequestError: 503, too many wait for the signature; 504, the deadline has passed; or TensorFlow's status
                code, and what the operation said.
        """
        if self._batcher is None:
            return version.run(signature, inputs, seconds_left(deadline))
        return self._batcher.run(version, signature, inputs, deadline)
