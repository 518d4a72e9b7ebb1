"""Looks after Ray's workers: who has begun, who has fallen silent, who is to be started again."""

import time
from dataclasses import dataclass, field
from typing import Any

import ray
from ray.exceptions import ActorDiedError, GetTimeoutError, OutOfMemoryError, RayError, RayTaskError

from xdrl.engines import LearnerLostError, Plan
from xdrl.engines.ray_actors import Greeting, WorkerActor, describe_versions
from xdrl.errors import UserError
from xdrl.messages import Report

MOST_FAILURES = 3
"""In a row, of one worker that has learned nothing between: it would fail for ever, and the others go on without."""


@dataclass
class Member:
    """One worker.

    Attributes:
        number: of the worker.
        random_state: that its generator goes on from.
        actor: its process, and `call` what it is at; None where it has ended.
        greeting: what it said of itself; None until it has.
        heard_at: when it last did something that shows that it lives, by this process's clock.
        failures: in a row, without a lesson between.
    """

    number: int
    random_state: dict[str, Any] | None
    actor: Any = None
    call: Any = None
    greeting: Greeting | None = None
    heard_at: float = field(default_factory=time.monotonic)
    failures: int = 0


class Crew:
    """All workers of a run."""

    def __init__(self, plan: Plan, learner: Any) -> None:
        """Takes what they work at; none is there yet.

        Args:
            plan: of the run.
            learner: the learner's actor.
        """
        self._plan, self._learner = plan, learner
        self._members = [Member(number, plan.random_state(number)) for number in range(plan.training.num_workers)]
        self._restarts, self._last_failure = 0, ""
        self._versions = describe_versions()

    @property
    def is_there(self) -> bool:
        """Says whether any worker has not ended."""
        return any(member.call is not None for member in self._members)

    @property
    def note(self) -> str:
        """Says how many workers are missing, and what befell the last that failed."""
        num_waiting = sum(member.call is not None and member.greeting is None for member in self._members)
        num_lost = sum(member.failures >= MOST_FAILURES for member in self._members)
        parts = [f"{num_waiting} of {len(self._members)} workers wait for a place or begin"] if num_waiting else []
        if self._last_failure:
            parts.append(f"{self._restarts} started again, the last failure: {self._last_failure}")
        if num_lost:
            parts.append(f"{num_lost} given up")
        return "; ".join(parts)

    def start(self) -> None:
        """Asks Ray for every worker; one for which no machine has room begins when one has."""
        for member in self._members:
            self._start(member)

    def look_after(self, seconds: float, may_start: bool = True) -> None:
        """Waits for something to happen to a worker, and sees to it.

        Args:
            seconds: to wait at most.
            may_start: whether workers that failed are started again.

        Raises:
            BaseException: whatever a worker failed with.
            LearnerLostError: a worker found the learner gone.
            UserError: a worker never begins, or by other versions.
        """
        calls = {member.call: member for member in self._members if member.call is not None}
        ready, _ = ray.wait(list(calls), timeout=seconds)
        for call in ready:
            self._hear_answer(calls[call], may_start)
        patience = self._plan.training.worker_timeout_seconds
        for member in self._members:
            is_at_work = member.call is not None and member.greeting is not None
            if is_at_work and time.monotonic() - member.heard_at > patience:
                self._fail(member, f"was silent for {patience:g} s", may_start)

    def hear(self, reports: list[Report]) -> None:
        """Takes the reports as signs of life."""
        for report in reports:
            member = self._members[report.lesson.worker]
            member.heard_at, member.failures = time.monotonic(), 0
            member.random_state = report.lesson.random_state

    def end(self, seconds: float) -> None:
        """Waits for the workers to end, `seconds` at most, and ends those that have not, or never began."""
        calls = [member.call for member in self._members if member.greeting is not None and member.call is not None]
        if calls and seconds:
            ray.wait(calls, num_returns=len(calls), timeout=seconds)
        for member in self._members:
            self._dismiss(member)

    def _start(self, member: Member) -> None:
        actor = ray.remote(WorkerActor).options(num_cpus=1, scheduling_strategy="SPREAD")
        member.actor, member.greeting, member.heard_at = actor.remote(), None, time.monotonic()
        member.call = member.actor.greet.remote()

    def _hear_answer(self, member: Member, may_start: bool) -> None:
        """Takes the answer to a greeting, or the end of a worker's work."""
        try:
            answer = ray.get(member.call)
        except RayTaskError as error:
            raise cause_of(error) from error
        except RayError as error:
            self._fail(member, reason_of(error), may_start)
            return
        if isinstance(answer, Greeting):
            self._check(answer)
            member.greeting, member.heard_at = answer, time.monotonic()
            plan, number = self._plan, member.number
            work = member.actor.work
            member.call = work.remote(self._learner, plan.training, plan.network, number, member.random_state)
        elif answer:
            self._dismiss(member)
        else:
            self._check_learner()
            self._fail(member, "did not reach the learner", may_start)

    def _check(self, greeting: Greeting) -> None:
        for name, expected in self._versions.items():
            found = greeting.versions.get(name, "none")
            if found != expected:
                raise UserError(f"expected {name} {expected} on every machine, as here, got {found} on {greeting.node}")

    def _check_learner(self) -> None:
        try:
            ray.get(self._learner.answer.remote())
        except RayError as error:
            raise LearnerLostError(f"the learner {reason_of(error)}") from error

    def _fail(self, member: Member, reason: str, may_start: bool) -> None:
        """Ends what is left of a worker and starts another in its place."""
        where = f" on {member.greeting.node}" if member.greeting else ""
        self._last_failure = f"worker {member.number}{where} {reason}"
        self._dismiss(member)
        member.failures += 1
        if member.failures < MOST_FAILURES:
            if may_start:
                self._restarts += 1
                self._start(member)
        elif not self.is_there:
            raise UserError(f"expected workers that learn, but after {member.failures} attempts {self._last_failure}")

    def _dismiss(self, member: Member) -> None:
        if member.actor is not None:
            ray.kill(member.actor)
        member.actor = member.call = member.greeting = None


def cause_of(error: RayTaskError) -> BaseException:
    """Returns what an actor failed with, through all the calls that it came by."""
    cause: BaseException = error
    while isinstance(cause, RayTaskError):
        cause = cause.cause
    return cause


def reason_of(error: BaseException) -> str:
    """Says in a few words why an actor gave no answer; Ray says it in many."""
    if isinstance(error, GetTimeoutError):
        return "gives no answer"
    if isinstance(error, OutOfMemoryError):
        return "was ended for want of memory"
    if isinstance(error, ActorDiedError) and "creation task" in str(error):
        return f"could not begin: {str(error).strip().splitlines()[-1]}"
    return "ended, or its machine did" if isinstance(error, ActorDiedError) else "cannot be reached"
