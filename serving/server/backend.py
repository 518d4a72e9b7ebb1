"""What answers requests, whatever the protocol they come by."""

import time
from collections.abc import Mapping
from dataclasses import dataclass

from serving.server.admission import Admission, BodySpace
from serving.server.limits import Limits
from serving.server.metrics import Metrics
from serving.server.models.loading import LoadedVersion
from serving.server.models.repository import ModelRepository
from serving.server.models.running import Runner
from serving.server.models.signatures import Array, Signature


@dataclass(frozen=True)
class Backend:
    """The parts that REST and gRPC share.

    Attributes:
        repository: The models; a request leases the version that answers it.
        runner: Runs a signature of a leased version.
        metrics: What is counted and timed.
        admission: The places for requests that wait or run.
        body_space: The memory that the bodies of all requests share.
        limits: What a request may ask.
    """

    repository: ModelRepository
    runner: Runner
    metrics: Metrics
    admission: Admission
    body_space: BodySpace
    limits: Limits

    def run(
        self, version: LoadedVersion, signature: Signature, inputs: Mapping[str, Array], deadline: float, api: str
    ) -> dict[str, Array]:
        """Runs a signature by the `runner`, and times the run if it succeeds.

        Args:
            version: As for `Runner.run`, and so on.
            signature: The same.
            inputs: The same.
            deadline: The same.
            api: What is asked: `Predict`, `Classify` or `Regress`.

        Returns:
            An array for each output.

        Raises:
            RequestError: As `Runner.run` does.
        """
        start = time.monotonic()
        outputs = self.runner.run(version, signature, inputs, deadline)
        self.metrics.observe_run(version.name, api, time.monotonic() - start)
        return outputs
