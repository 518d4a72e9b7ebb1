"""Workers as Ray's actors, on this machine or on many; one that fails is started again."""

import time
from types import TracebackType
from typing import Any

import ray
from ray.exceptions import GetTimeoutError, RayError, RayTaskError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from xdrl.engines import LearnerLostError, Plan
from xdrl.engines.ray_actors import LearnerActor
from xdrl.engines.ray_cluster import connect, disconnect
from xdrl.engines.ray_crew import Crew, cause_of, reason_of
from xdrl.messages import Counts, LearnerState, Report, Traffic

POLL_SECONDS = 0.2
STOP_SECONDS = 60.0
"""That workers have for the update under way once they are to end; by then it is lost."""
ANSWER_SECONDS = 300.0
"""That the learner has for an answer; by then it counts as lost."""


class RayEngine:
    """A learner and workers that are Ray's actors: this process looks after them, and sees none of the gradients."""

    def __init__(self, plan: Plan, address: str | None = None) -> None:
        """Joins the cluster or starts one, and has the learner built.

        Args:
            plan: what to run.
            address: of a cluster to join; None starts Ray on this machine.

        Raises:
            UserError: there is no cluster, or its versions do not fit.
        """
        connect(address, plan.training.num_workers)
        self._plan = plan
        # Beside this process: a machine that leaves the cluster never takes the learner with it.
        here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
        learner = ray.remote(LearnerActor).options(num_cpus=0, scheduling_strategy=here)
        self._learner: Any = learner.remote(plan.training, plan.network, plan.start)
        self._crew = Crew(plan, self._learner)
        self._reports: list[Report] = []
        self._counts, self._traffic = plan.start.counts, Traffic()
        self._is_finishing = False

    def __enter__(self) -> "RayEngine":
        """Asks for the workers; each begins as soon as a machine has room and it has set itself up."""
        self._crew.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stops the workers after the updates under way; one that takes too long is ended."""
        self._finish()
        self._crew.end(STOP_SECONDS)

    def wait(self, seconds: float) -> bool:
        """Waits until all workers have ended, `seconds` at most, and starts those again that have failed.

        Returns:
            whether workers still run.

        Raises:
            BaseException: whatever a worker failed with; that its process ended is no such failure.
            LearnerLostError: the learner's process has ended.
            UserError: a worker never begins, or by other versions.
        """
        if self._plan.is_over(self._counts.agent_steps):
            self._finish()
        deadline = time.monotonic() + seconds
        while self._crew.is_there and (left := deadline - time.monotonic()) > 0:
            self._crew.look_after(min(left, POLL_SECONDS), may_start=not self._is_finishing)
        return self._crew.is_there

    def drain(self) -> list[Report]:
        """Returns the reports that have come since the last call.

        Raises:
            LearnerLostError: the learner is gone.
        """
        reports, self._counts, self._traffic = self._ask(self._learner.drain)
        self._crew.hear(reports)
        return reports

    @property
    def counts(self) -> Counts:
        """What the learner had counted at the last `drain`."""
        return self._counts

    @property
    def traffic(self) -> Traffic:
        """What the learner had done by the last `drain`."""
        return self._traffic

    @property
    def note(self) -> str:
        """Says how many workers are missing, and what befell the last that failed."""
        return self._crew.note

    def state(self) -> LearnerState:
        """Reads everything that the run would go on from.

        Raises:
            LearnerLostError: the learner is gone.
        """
        state: LearnerState = self._ask(self._learner.state)
        return state

    def close(self) -> None:
        """Ends the actors, and leaves the cluster."""
        self._crew.end(0.0)
        ray.kill(self._learner)
        disconnect()

    def _finish(self) -> None:
        if not self._is_finishing:
            self._is_finishing = True
            self._learner.finish.remote()

    def _ask(self, method: Any) -> Any:
        try:
            return ray.get(method.remote(), timeout=ANSWER_SECONDS)
        except RayTaskError as error:
            raise cause_of(error) from error
        except (RayError, GetTimeoutError) as error:
            raise LearnerLostError(f"the learner {reason_of(error)}") from error
