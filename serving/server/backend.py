"""What answers requests, whatever the protocol they come by."""

import time
from concurrent.futures import Future
from dataclasses import dataclass

from serving.server.admission import Admission, BodySpace
from serving.server.limits import Limits
from serving.server.metrics import Metrics
from serving.server.models.repository import ModelRepository
from serving.server.models.running import Runner
from serving.server.models.runs import Outputs, Run


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

    def submit(self, run: Run, api: str) -> None:
        """Has a signature run by the `runner`, and times the run if it succeeds.

        Args:
            run: Its outputs will be there.
            api: What is asked: `Predict`, `Classify` or `Regress`.

        Raises:
            RequestError: As `Runner.submit` does.
        """
        start = time.monotonic()

        def observe(outputs: "Future[Outputs]") -> None:
            if not outputs.cancelled() and outputs.exception() is None:
                self.metrics.observe_run(run.version.name, api, time.monotonic() - start)

        run.outputs.add_done_callback(observe)
        self.runner.submit(run)
