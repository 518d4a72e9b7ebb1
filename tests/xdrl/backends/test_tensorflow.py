import dataclasses
import threading

import keras
import numpy as np
import pytest
import tensorflow as tf

from xdrl.backends.tensorflow import ApplyFunction, CopyFunction, GradientFunction, compile_act
from xdrl.config import NetworkConfig, TrainingConfig
from xdrl.losses import actor_critic_losses
from xdrl.networks import Network, build_network
from xdrl.rollouts import Rollout

CONFIG = TrainingConfig("Pong", network="a3c", gradient_norm_clip=1e6)


@pytest.fixture(scope="module")
def compute(a3c: Network) -> GradientFunction:
    return GradientFunction(a3c, CONFIG)


def test_gradients_are_those_of_an_eager_tape(a3c: Network, compute: GradientFunction, rollout: Rollout):
    with tf.GradientTape() as tape:
        logits, values = a3c.unroll(rollout.screens, rollout.state_h, rollout.state_c, rollout.is_first[:-1])
        losses = actor_critic_losses(logits, values, rollout, CONFIG)
    expected = tape.gradient(losses.total, [weight.value for weight in a3c.weights])
    found = compute(rollout)
    assert len(found.gradients) == len(a3c.weights)
    for weight, gradient, exact in zip(a3c.weights, found.gradients, expected, strict=True):
        assert np.abs(exact).max() > 0, weight.path
        np.testing.assert_allclose(gradient, exact, atol=1e-4 * np.abs(exact).max(), err_msg=weight.path)
    assert found.norm == pytest.approx(float(tf.linalg.global_norm(expected)), rel=1e-4)
    assert found.policy_loss == pytest.approx(float(losses.policy), abs=1e-5)
    assert found.value_loss == pytest.approx(float(losses.value), rel=1e-4)
    assert found.entropy == pytest.approx(float(losses.entropy), rel=1e-5)


def test_large_gradients_are_scaled_down_together(a3c: Network, compute: GradientFunction, rollout: Rollout):
    free = compute(rollout)
    clip = free.norm / 4
    clipped = GradientFunction(a3c, dataclasses.replace(CONFIG, gradient_norm_clip=clip))(rollout)
    assert clipped.norm == pytest.approx(free.norm, rel=1e-4)  # what is reported is the norm before
    assert float(tf.linalg.global_norm(clipped.gradients)) == pytest.approx(clip, rel=1e-4)
    for small, large in zip(clipped.gradients, free.gradients, strict=True):
        np.testing.assert_allclose(small * 4, large, atol=1e-4 * np.abs(large).max())


def test_a_state_that_is_not_finite_gives_a_norm_that_is_not(compute: GradientFunction, rollout: Rollout):
    assert not np.isfinite(compute(rollout._replace(bootstrap_value=np.full(2, np.nan, np.float32))).norm)


@pytest.mark.timeout(120)
def test_two_threads_take_gradients_side_by_side(a3c_config: NetworkConfig, rollout: Rollout):
    failures: list[BaseException] = []
    norms: list[list[float]] = [[], []]
    together = threading.Barrier(2)

    def work(index: int) -> None:
        try:
            compute = GradientFunction(build_network(a3c_config, seed=1), CONFIG)
            together.wait()
            for _ in range(6):
                norms[index].append(compute(rollout).norm)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(index,)) for index in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert norms[0] == pytest.approx(norms[1], rel=1e-4)
    assert len(norms[0]) == 6


def test_acting_is_the_networks_step_for_any_batch(a3c: Network, pong_screens: np.ndarray):
    act = compile_act(a3c)
    for num_envs in (1, 8):
        states = np.random.default_rng(0).normal(size=(2, num_envs, a3c.core_size)).astype(np.float32)
        found = act(pong_screens[:num_envs], *states)
        for array, expected in zip(found, a3c.step([pong_screens[:num_envs], *states]), strict=True):
            assert isinstance(array, np.ndarray)
            np.testing.assert_allclose(array, expected, atol=1e-5)


def test_copying_follows_the_source_and_leaves_it_alone():
    source = [keras.Variable([1.0, 2.0]), keras.Variable([[3.0]])]
    target = [keras.Variable([0.0, 0.0]), keras.Variable([[0.0]])]
    copy = CopyFunction(source, target)
    for factor in (1.0, 5.0):
        source[0].assign([factor, 2 * factor])
        copy()
        assert [variable.numpy().tolist() for variable in target] == [[factor, 2 * factor], [[3.0]]]
    target[1].assign([[9.0]])
    assert source[1].numpy().tolist() == [[3.0]]


def test_weights_that_do_not_pair_are_refused():
    with pytest.raises(ValueError, match="zip"):
        CopyFunction([keras.Variable([1.0])], [])


def test_an_adam_step_is_the_one_by_hand():
    # m = 0.1 g, v = 0.001 g^2; alpha = lr sqrt(1 - 0.999^t) / (1 - 0.9^t); w -= alpha m / (sqrt(v) + epsilon).
    weight = keras.Variable([1.0, -1.0])
    apply = ApplyFunction(keras.optimizers.Adam(0.01, epsilon=1e-3), [weight])
    expected, m, v = np.array([1.0, -1.0]), np.zeros(2), np.zeros(2)
    for t, gradient in enumerate(np.array([[0.5, -0.02], [0.1, 0.0], [-3.0, 1e-4]]), start=1):
        apply([tf.constant(gradient, tf.float32)])
        m, v = 0.9 * m + 0.1 * gradient, 0.999 * v + 0.001 * gradient**2
        expected -= 0.01 * np.sqrt(1 - 0.999**t) / (1 - 0.9**t) * m / (np.sqrt(v) + 1e-3)
        np.testing.assert_allclose(weight.numpy(), expected, rtol=1e-5)


@pytest.fixture
def lesson(rollout: Rollout) -> Rollout:
    """Action 2 pays and the others cost, in episodes of one step."""
    actions = np.array([[0, 2], [2, 1], [2, 3], [5, 2]], np.int32)
    return rollout._replace(
        actions=actions,
        rewards=np.where(actions == 2, 1.0, -1.0).astype(np.float32),
        is_terminated=np.ones((4, 2), bool),
        is_truncated=np.zeros((4, 2), bool),
        is_first=np.zeros((5, 2), bool),
    )


def test_a_policy_learns_what_pays(a3c_config: NetworkConfig, lesson: Rollout):
    network = build_network(a3c_config, seed=3)
    learn(network, lesson, 40)
    logits, _ = network.unroll(lesson.screens, lesson.state_h, lesson.state_c, lesson.is_first[:-1])
    taken = np.take_along_axis(tf.nn.softmax(logits).numpy(), lesson.actions[..., None], -1)[..., 0]
    assert (taken[lesson.actions == 2] > 0.5).all()
    assert (taken[lesson.actions != 2] < 0.1).all()


def test_a_value_learns_what_comes(a3c_config: NetworkConfig, lesson: Rollout):
    always = lesson._replace(rewards=np.ones((4, 2), np.float32))
    losses = learn(build_network(a3c_config, seed=3), always, 40)
    assert losses[-1] < 0.1 * losses[0]


def learn(network: Network, lesson: Rollout, updates: int) -> list[float]:
    """Takes the same rollout again and again; returns the value losses."""
    compute = GradientFunction(network, dataclasses.replace(CONFIG, gradient_norm_clip=40.0))
    apply = ApplyFunction(keras.optimizers.Adam(1e-3, epsilon=1e-3), network.weights)
    losses = []
    for _ in range(updates):
        gradients = compute(lesson)
        losses.append(gradients.value_loss)
        apply(gradients.gradients)
    return losses
