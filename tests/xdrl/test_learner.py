import keras
import numpy as np
import pytest

from xdrl.learner import Gradients, Learner, NonFiniteGradientError
from xdrl.networks import Network

NAN, INF = float("nan"), float("inf")


@pytest.fixture
def weight() -> keras.Variable:
    return keras.Variable(np.array([1.0, 2.0], np.float32), name="weight")


@pytest.fixture
def learner(a3c: Network, weight: keras.Variable) -> Learner:
    optimizer = keras.optimizers.SGD(0.5)
    optimizer.build([weight])
    return Learner(a3c, optimizer, optimizer.apply, lambda _: 0.5, max_bad_gradients=3)


def gradients(*values: float, norm: float = 1.0) -> Gradients:
    return Gradients([keras.ops.convert_to_tensor(np.array(values, np.float32))], norm, 0.0, 0.0, 0.0)


def bad(norm: float = NAN) -> Gradients:
    return gradients(NAN, NAN, norm=norm)


def test_gradients_are_applied_and_steps_counted(learner: Learner, weight: keras.Variable):
    learner.apply(gradients(2.0, -2.0), copied_at=0, num_steps=160)
    learner.apply(gradients(1.0, 0.0), copied_at=1, num_steps=160)
    assert weight.numpy().tolist() == [-0.5, 3.0]  # 1 - 0.5 * 2 - 0.5 * 1,  2 + 0.5 * 2
    assert (learner.agent_steps, learner.updates, learner.bad_gradients) == (320, 2, 0)


def test_the_learning_rate_is_the_one_of_the_steps_so_far(a3c: Network, weight: keras.Variable):
    optimizer = keras.optimizers.SGD(0.5)
    optimizer.build([weight])
    learner = Learner(a3c, optimizer, optimizer.apply, lambda steps: 1.0 - steps / 400, max_bad_gradients=3)
    learner.apply(gradients(1.0, 0.0), copied_at=0, num_steps=200)
    learner.apply(gradients(1.0, 0.0), copied_at=1, num_steps=100)
    assert weight.numpy().tolist() == [0.25, 2.0]  # 1 - 0.5 * 1 - 0.25 * 1


def test_the_lag_is_how_many_updates_others_made_since_the_copy(learner: Learner):
    lags = [learner.apply(gradients(0.0, 0.0), copied_at, num_steps=1) for copied_at in (0, 0, 0, 3)]
    assert lags == [0, 1, 2, 0]


@pytest.mark.parametrize("norm", [NAN, INF, -INF])
def test_gradients_that_are_not_finite_are_never_applied(learner: Learner, weight: keras.Variable, norm: float):
    learner.apply(bad(norm), copied_at=0, num_steps=160)
    assert weight.numpy().tolist() == [1.0, 2.0]
    assert learner.optimizer.iterations.numpy() == 0
    assert (learner.agent_steps, learner.updates, learner.bad_gradients) == (160, 0, 1)


def test_too_many_bad_gradients_in_a_row_stop_the_run(learner: Learner, weight: keras.Variable):
    for _ in range(2):
        learner.apply(bad(), copied_at=0, num_steps=10)
    with pytest.raises(NonFiniteGradientError, match=r"3 gradients in a row were not finite.*at 30 agent steps"):
        learner.apply(bad(), copied_at=0, num_steps=10)
    assert weight.numpy().tolist() == [1.0, 2.0]
    assert not learner.lock.locked()


def test_a_good_gradient_between_ends_the_row(learner: Learner):
    for turn in (bad(), bad(), gradients(0.0, 0.0), bad(), bad()):
        learner.apply(turn, copied_at=0, num_steps=10)
    assert learner.bad_gradients == 4


def test_the_lock_is_held_only_while_weights_change(a3c: Network):
    held = []

    def apply(_: object) -> None:
        held.append(learner.lock.locked())
        if len(held) == 2:
            raise RuntimeError("no memory")

    learner = Learner(a3c, keras.optimizers.SGD(), apply, lambda _: 0.5, max_bad_gradients=3)
    learner.apply(gradients(0.0), copied_at=0, num_steps=1)
    assert not learner.lock.locked()
    with pytest.raises(RuntimeError, match="no memory"):
        learner.apply(gradients(0.0), copied_at=0, num_steps=1)
    assert held == [True, True]
    assert not learner.lock.locked()
