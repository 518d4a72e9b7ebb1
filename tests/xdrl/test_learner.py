from dataclasses import replace

import keras
import numpy as np
import pytest

from xdrl.assembly import build_learner
from xdrl.config import NetworkConfig, TrainingConfig
from xdrl.learner import Learner, NonFiniteGradientError
from xdrl.messages import Counts, Gradients, LearnerState, Lesson, Report
from xdrl.networks import Network

NAN, INF = float("nan"), float("inf")


@pytest.fixture
def weight() -> keras.Variable:
    return keras.Variable(np.array([1.0, 2.0], np.float32), name="weight")


@pytest.fixture
def learner(a3c: Network, weight: keras.Variable) -> Learner:
    optimizer = keras.optimizers.SGD(0.5)
    optimizer.build([weight])
    return Learner(a3c, optimizer, lambda: [weight.numpy()], optimizer.apply, lambda _: 0.5, max_bad_gradients=3)


def gradients(*values: float, norm: float = 1.0) -> Gradients:
    return Gradients([keras.ops.convert_to_tensor(np.array(values, np.float32))], norm, 0.0, 0.0, 0.0)


def take(learner: Learner, gradients: Gradients, copied_at: int, num_steps: int) -> Report:
    return learner.take(Lesson(0, copied_at, num_steps, [7.0], gradients, {}))


def bad(norm: float = NAN) -> Gradients:
    return gradients(NAN, NAN, norm=norm)


def test_gradients_are_applied_and_steps_counted(learner: Learner, weight: keras.Variable):
    take(learner, gradients(2.0, -2.0), copied_at=0, num_steps=160)
    take(learner, gradients(1.0, 0.0), copied_at=1, num_steps=160)
    assert weight.numpy().tolist() == [-0.5, 3.0]  # 1 - 0.5 * 2 - 0.5 * 1,  2 + 0.5 * 2
    assert learner.counts == Counts(agent_steps=320, updates=2)


def test_the_learning_rate_is_the_one_of_the_steps_so_far(a3c: Network, weight: keras.Variable):
    optimizer = keras.optimizers.SGD(0.5)
    optimizer.build([weight])
    learner = Learner(
        a3c, optimizer, lambda: [weight.numpy()], optimizer.apply, lambda steps: 1.0 - steps / 400, max_bad_gradients=3
    )
    take(learner, gradients(1.0, 0.0), copied_at=0, num_steps=200)
    take(learner, gradients(1.0, 0.0), copied_at=1, num_steps=100)
    assert weight.numpy().tolist() == [0.25, 2.0]  # 1 - 0.5 * 1 - 0.25 * 1


def test_the_lag_is_how_many_updates_others_made_since_the_copy(learner: Learner):
    lags = [take(learner, gradients(0.0, 0.0), copied_at, num_steps=1).policy_lag for copied_at in (0, 0, 0, 3)]
    assert lags == [0, 1, 2, 0]


@pytest.mark.parametrize("norm", [NAN, INF, -INF])
def test_gradients_that_are_not_finite_are_never_applied(learner: Learner, weight: keras.Variable, norm: float):
    take(learner, bad(norm), copied_at=0, num_steps=160)
    assert weight.numpy().tolist() == [1.0, 2.0]
    assert learner.optimizer.iterations.numpy() == 0
    assert learner.counts == Counts(agent_steps=160, bad_gradients=1)


def test_too_many_bad_gradients_in_a_row_stop_the_run(learner: Learner, weight: keras.Variable):
    for _ in range(2):
        take(learner, bad(), copied_at=0, num_steps=10)
    with pytest.raises(NonFiniteGradientError, match=r"3 gradients in a row were not finite.*at 30 agent steps"):
        take(learner, bad(), copied_at=0, num_steps=10)
    assert weight.numpy().tolist() == [1.0, 2.0]
    assert not learner.lock.locked()


def test_a_good_gradient_between_ends_the_row(learner: Learner):
    for turn in (bad(), bad(), gradients(0.0, 0.0), bad(), bad()):
        take(learner, turn, copied_at=0, num_steps=10)
    assert learner.counts.bad_gradients == 4


def test_the_lock_is_held_only_while_weights_change(a3c: Network):
    held = []

    def apply(_: object) -> None:
        held.append(learner.lock.locked())
        if len(held) == 2:
            raise RuntimeError("no memory")

    learner = Learner(a3c, keras.optimizers.SGD(), list, apply, lambda _: 0.5, max_bad_gradients=3)
    take(learner, gradients(0.0), copied_at=0, num_steps=1)
    assert not learner.lock.locked()
    with pytest.raises(RuntimeError, match="no memory"):
        take(learner, gradients(0.0), copied_at=0, num_steps=1)
    assert held == [True, True]
    assert not learner.lock.locked()


def test_gradients_that_are_too_old_are_dropped_and_counted_and_their_steps_too(a3c: Network, weight: keras.Variable):
    optimizer = keras.optimizers.SGD(0.5)
    optimizer.build([weight])
    learner = Learner(a3c, optimizer, list, optimizer.apply, lambda _: 0.5, max_bad_gradients=3, max_policy_lag=2)
    lags = [take(learner, gradients(1.0, 0.0), 0, num_steps=10).policy_lag for _ in range(5)]
    assert lags == [0, 1, 2, 3, 3]
    assert weight.numpy().tolist() == [-0.5, 2.0]
    assert learner.counts == Counts(agent_steps=50, updates=3, late_gradients=2)


def test_a_report_has_all_of_the_lesson_but_its_tensors(learner: Learner):
    report = take(learner, gradients(0.0, 0.0, norm=3.0), copied_at=0, num_steps=160)
    assert report.lesson == Lesson(0, 0, 160, [7.0], Gradients((), 3.0, 0.0, 0.0, 0.0), {})


def test_a_snapshot_says_what_it_is_of(learner: Learner, weight: keras.Variable):
    take(learner, gradients(2.0, 0.0), copied_at=0, num_steps=160)
    snapshot = learner.snapshot()
    assert (snapshot.weights[0].tolist(), snapshot.updates, snapshot.agent_steps) == ([0.0, 2.0], 1, 160)


def test_a_learner_goes_on_from_the_state_of_another(a3c_config: NetworkConfig):
    config = TrainingConfig("Pong", network="a3c")
    first, other = (build_learner(replace(config, seed=seed), a3c_config, LearnerState({}, {})) for seed in (1, 2))
    some = Gradients([np.full(weight.shape, 0.1, np.float32) for weight in first.network.weights], 1.0, 0.0, 0.0, 0.0)
    take(first, some, copied_at=0, num_steps=160)
    other.go_on_from(first.state())
    for learner in (first, other):
        take(learner, some, copied_at=1, num_steps=160)
    found, expected = other.state(), first.state()
    assert found.counts == expected.counts == Counts(320, 2)
    for name, array in (expected.weights | expected.optimizer).items():
        np.testing.assert_array_equal((found.weights | found.optimizer)[name], array, err_msg=name)
