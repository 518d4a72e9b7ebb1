"""What answers requests, whatever the protocol they come by."""

from dataclasses import dataclass

from serving.server.admission import Admission
from serving.server.limits import Limits
from serving.server.metrics import Metrics
from serving.server.models.repository import ModelRepository
from serving.server.models.running import Runner


@dataclass(frozen=True)
class Backend:
    """The parts that REST and gRPC share.

    Attributes:
        repository: The models; a request leases the version that answers it.
        runner: Runs a signature of a leased version.
        metrics: What is counted and timed.
        admission: The places for requests that wait or run.
        limits: What a request may ask.
    """

    repository: ModelRepository
    runner: Runner
    metrics: Metrics
    admission: Admission
    limits: Limits
