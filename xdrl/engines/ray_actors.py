"""The learner and the workers as Ray's actors, each in a process of its own, on whatever machine Ray puts it."""

import os
import platform
import time
from importlib import import_module
from importlib.metadata import version
from typing import Any, NamedTuple

import ray
from ray.exceptions import RayActorError

from xdrl.assembly import build_learner, build_worker
from xdrl.backends import load_backend, running_backend
from xdrl.config import NetworkConfig, TrainingConfig
from xdrl.engines.wire import count_bytes, decode, encode
from xdrl.messages import Counts, LearnerState, Lesson, Report, Snapshot, Traffic

MUST_MATCH = ("keras", "ale-py", "ray")
"""Packages whose versions all machines share, beside Python, xdrl and the backend."""


class Greeting(NamedTuple):
    """What a worker says of itself before it begins: where it is, and by what versions it would learn."""

    node: str
    process: int
    versions: dict[str, str]


def describe_versions() -> dict[str, str]:
    """Returns the versions here of all that learner and workers must share."""
    names = (*MUST_MATCH, running_backend())
    python = ".".join(platform.python_version_tuple()[:2])
    return {"Python": python, "xdrl": import_module("xdrl").__version__} | {name: version(name) for name in names}


class LearnerActor:
    """The global network. Its calls are answered one after the other: nothing changes the weights meanwhile."""

    def __init__(self, training: TrainingConfig, network: NetworkConfig, start: LearnerState) -> None:
        """Builds the learner."""
        load_backend().use_threads(1)
        self._training, self._learner = training, build_learner(training, network, start)
        self._reports: list[Report] = []
        self._traffic = Traffic()
        self._is_over = False
        self._sent: tuple[Snapshot, int] | None = None

    def exchange(self, lesson: Lesson | None) -> Snapshot | None:
        """Takes a worker's lesson, if it has one, and answers with the weights to play the next with.

        Returns:
            the snapshot, its weights one reference into Ray's object store; None where the worker is to end.
        """
        started = time.monotonic()
        bytes_in = bytes_out = 0
        if lesson is not None:
            bytes_in = count_bytes(lesson.gradients.gradients)
            gradients = lesson.gradients._replace(gradients=decode(lesson.gradients.gradients))
            self._reports.append(self._learner.take(lesson._replace(gradients=gradients)))
        snapshot = None
        if not self._is_over and self._learner.counts.agent_steps < self._training.agent_steps:
            snapshot, bytes_out = self._snapshot()
        before, busy = self._traffic, time.monotonic() - started
        self._traffic = Traffic(
            before.lessons + (lesson is not None),
            before.bytes_in + bytes_in,
            before.bytes_out + bytes_out,
            before.busy_seconds + busy,
        )
        return snapshot

    def drain(self) -> tuple[list[Report], Counts, Traffic]:
        """Returns the reports since the last call, the counts and the traffic."""
        reports, self._reports = self._reports, []
        return reports, self._learner.counts, self._traffic

    def state(self) -> LearnerState:
        """Reads everything that the run would go on from."""
        return self._learner.state()

    def finish(self) -> None:
        """Has every worker end after its next lesson."""
        self._is_over = True

    def answer(self) -> None:
        """Shows that it is there."""

    def _snapshot(self) -> tuple[Snapshot, int]:
        """Puts the weights into the object store, once for all workers that ask between two updates."""
        counts = self._learner.counts
        if self._sent is None or self._sent[0].updates != counts.updates:
            snapshot = self._learner.snapshot()
            arrays = encode(snapshot.weights, self._training.wire_dtype)
            self._sent = snapshot._replace(weights=[ray.put(arrays)]), count_bytes(arrays)
        snapshot, num_bytes = self._sent
        return snapshot._replace(agent_steps=counts.agent_steps), num_bytes


class WorkerActor:
    """A worker, its emulators and its copy of the network."""

    def greet(self) -> Greeting:
        """Says where it is and by what versions it would learn."""
        load_backend().use_threads(1)
        return Greeting(ray.util.get_node_ip_address(), os.getpid(), describe_versions())

    def work(
        self,
        learner: Any,
        training: TrainingConfig,
        network: NetworkConfig,
        number: int,
        random_state: dict[str, Any] | None,
    ) -> bool:
        """Learns until the learner says that it is enough.

        A lesson is handed in once: where the answer is lost, the worker does not know whether it was counted, and it is
        not handed in again.

        Returns:
            whether it was; False where the learner cannot be reached.
        """
        worker = build_worker(training, network, number, random_state)
        lesson: Lesson | None = None
        try:
            while (snapshot := ray.get(learner.exchange.remote(lesson))) is not None:
                weights = decode(ray.get(snapshot.weights[0]))
                lesson = worker.learn(snapshot._replace(weights=weights))
                arrays = encode(lesson.gradients.gradients, training.wire_dtype)
                lesson = lesson._replace(gradients=lesson.gradients._replace(gradients=arrays))
        except (RayActorError, ray.exceptions.ObjectLostError):
            return False
        finally:
            worker.close()
        return True
