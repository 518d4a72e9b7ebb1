from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from xdrl import assembly
from xdrl.assembly import build_learner, build_worker
from xdrl.config import NetworkConfig, TrainingConfig
from xdrl.learner import Learner
from xdrl.messages import Counts, LearnerState, Lesson
from xdrl.workers import Worker

CONFIG = TrainingConfig("Pong", network="a3c", envs_per_worker=2, rollout_length=3)


@pytest.fixture(scope="module")
def parts(a3c_config: NetworkConfig) -> Iterator[tuple[Worker, Learner]]:
    """A whole worker with everything real, and a learner."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(assembly, "DECORRELATION_STEPS", 5)
        worker = build_worker(CONFIG, a3c_config, 4)
    yield worker, build_learner(CONFIG, a3c_config, LearnerState({}, {}))
    worker.close()


@pytest.fixture(scope="module")
def lesson(parts: tuple[Worker, Learner]) -> Lesson:
    worker, learner = parts
    return worker.learn(learner.snapshot())


def test_a_lesson_has_gradients_of_every_weight_and_says_whose_they_are(parts, lesson: Lesson):
    assert (lesson.worker, lesson.copied_at, lesson.num_steps, lesson.scores) == (4, 0, 6, [])
    shapes = [tuple(gradient.shape) for gradient in lesson.gradients.gradients]
    assert shapes == [tuple(weight.shape) for weight in parts[1].network.weights]
    assert np.isfinite(lesson.gradients.norm)
    assert lesson.gradients.entropy == pytest.approx(np.log(6), abs=0.01)
    assert lesson.random_state["bit_generator"] == "PCG64"


def test_learning_leaves_the_global_weights_and_taking_changes_them(parts, lesson: Lesson):
    learner = parts[1]
    before = learner.state().weights
    report = learner.take(lesson)
    assert (report.policy_lag, report.lesson.gradients.gradients) == (0, ())
    assert all(not np.array_equal(array, before[path]) for path, array in learner.state().weights.items())
    assert learner.counts == Counts(6, 1)


def test_arrays_and_tensors_teach_the_same(parts, a3c_config: NetworkConfig, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(assembly, "DECORRELATION_STEPS", 5)
    snapshot, found = parts[1].snapshot(), []
    as_arrays = snapshot._replace(weights=[np.asarray(weight) for weight in snapshot.weights])
    for taken in (snapshot, as_arrays):
        worker = build_worker(replace(CONFIG, seed=9), a3c_config, 0)
        found.append(worker.learn(taken).gradients.gradients)
        worker.close()
    for tensor, array in zip(*found, strict=True):
        np.testing.assert_array_equal(tensor, array)


def test_a_worker_goes_on_with_the_generator_of_the_one_before(a3c_config, lesson, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(assembly, "DECORRELATION_STEPS", 1)
    seeds = []
    monkeypatch.setattr(assembly, "decorrelate", lambda games, seed, _: seeds.append(seed) or games.reset(0))
    for random_state in (None, lesson.random_state):
        build_worker(CONFIG, a3c_config, 4, random_state).close()
    expected = [np.random.default_rng([CONFIG.seed, 4]), np.random.default_rng()]
    expected[1].bit_generator.state = lesson.random_state
    assert seeds == [int(generator.integers(2**30)) for generator in expected]
