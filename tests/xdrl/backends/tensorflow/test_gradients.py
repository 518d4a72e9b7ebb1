import dataclasses
import threading

import keras
import numpy as np
import pytest
import tensorflow as tf

from xdrl.backends.tensorflow import ApplyFunction, GradientFunction, Policy
from xdrl.config import NetworkConfig, TrainingConfig
from xdrl.losses import Costs, actor_critic_losses
from xdrl.networks import Network, build_network
from xdrl.rollouts import Rollout

CONFIG, COSTS = TrainingConfig("Pong", network="a3c", gradient_norm_clip=1e6), Costs(value=0.5, entropy=0.01)


@pytest.fixture(scope="module")
def compute(a3c: Network) -> GradientFunction:
    return GradientFunction(a3c, CONFIG)


@pytest.fixture(scope="module")
def rollout(a3c: Network, played) -> Rollout:
    return played.by(Policy(a3c, CONFIG), a3c.core_size)


@pytest.mark.parametrize("use_bias", [True, False])
@pytest.mark.parametrize("kind", ["a3c", "e-a3c"])
def test_gradients_are_those_of_one_tape_over_everything(kind: str, use_bias: bool, a3c_config: NetworkConfig, played):
    network = build_network(dataclasses.replace(a3c_config, kind=kind, use_bias=use_bias), seed=1)
    for head in (network.policy_head, network.value_head):  # fresh heads let almost nothing through
        head.kernel.assign(np.random.default_rng(0).normal(0, 0.3, head.kernel.shape).astype(np.float32))
    with tf.GradientTape() as tape:
        state = played.first_state(network.core_size)
        logits, values = network.unroll(played.screens, *state, played.rollout.is_first[:-1])
        losses = actor_critic_losses(logits, values, played.rollout, CONFIG, COSTS)
    expected = tape.gradient(losses.total, [weight.value for weight in network.weights])
    found = GradientFunction(network, CONFIG)(played.by(Policy(network, CONFIG), network.core_size), COSTS)
    assert len(found.gradients) == len(network.weights)
    for weight, gradient, exact in zip(network.weights, found.gradients, expected, strict=True):
        assert np.abs(exact).max() > 0, weight.path
        np.testing.assert_allclose(gradient, exact, atol=1e-4 * np.abs(exact).max(), err_msg=weight.path)
    assert found.norm == pytest.approx(float(tf.linalg.global_norm(expected)), rel=1e-4)
    assert found.policy_loss == pytest.approx(float(losses.policy), abs=1e-5)
    assert found.value_loss == pytest.approx(float(losses.value), rel=1e-4)
    assert found.entropy == pytest.approx(float(losses.entropy), rel=1e-5)


@pytest.mark.parametrize("kind", ["a3c", "e-a3c"])
def test_convolutions_in_bfloat16_give_nearly_the_same_gradients(kind: str, a3c_config: NetworkConfig, played):
    network = build_network(dataclasses.replace(a3c_config, kind=kind), seed=1)
    for head in (network.policy_head, network.value_head):
        head.kernel.assign(np.random.default_rng(0).normal(0, 0.3, head.kernel.shape).astype(np.float32))
    exact, rough = (
        GradientFunction(network, config)(played.by(Policy(network, config), network.core_size), COSTS)
        for config in (CONFIG, dataclasses.replace(CONFIG, convolution_dtype="bfloat16"))
    )
    assert rough.norm == pytest.approx(exact.norm, rel=0.02)
    for weight, found, expected in zip(network.weights, rough.gradients, exact.gradients, strict=True):
        assert found.dtype == tf.float32
        cosine = tf.reduce_sum(found * expected) / (tf.norm(found) * tf.norm(expected))
        assert cosine > 0.97, weight.path
        assert not np.array_equal(found, expected), weight.path


def test_large_gradients_are_scaled_down_together(a3c: Network, compute: GradientFunction, rollout: Rollout):
    free = compute(rollout, COSTS)
    clip = free.norm / 4
    clipped = GradientFunction(a3c, dataclasses.replace(CONFIG, gradient_norm_clip=clip))(rollout, COSTS)
    assert clipped.norm == pytest.approx(free.norm, rel=1e-4)  # what is reported is the norm before
    assert float(tf.linalg.global_norm(clipped.gradients)) == pytest.approx(clip, rel=1e-4)
    for small, large in zip(clipped.gradients, free.gradients, strict=True):
        np.testing.assert_allclose(small * 4, large, atol=1e-4 * np.abs(large).max())


def test_a_value_that_is_not_finite_gives_a_norm_that_is_not(compute: GradientFunction, rollout: Rollout):
    assert not np.isfinite(compute(rollout._replace(bootstrap_value=np.full(2, np.nan, np.float32)), COSTS).norm)


@pytest.mark.timeout(120)
def test_two_threads_take_gradients_side_by_side(a3c_config: NetworkConfig, played):
    failures: list[BaseException] = []
    norms: list[list[float]] = [[], []]
    together = threading.Barrier(2)

    def work(index: int) -> None:
        try:
            network = build_network(a3c_config, seed=1)
            policy, compute = Policy(network, CONFIG), GradientFunction(network, CONFIG)
            together.wait()
            for _ in range(6):
                norms[index].append(compute(played.by(policy, network.core_size), COSTS).norm)
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


@pytest.fixture
def lesson(played):
    """Action 2 pays and the others cost, in episodes of one step."""
    actions = np.array([[0, 2], [2, 1], [2, 3], [5, 2]], np.int32)
    return played._replace(
        rollout=played.rollout._replace(
            actions=actions,
            rewards=np.where(actions == 2, 1.0, -1.0).astype(np.float32),
            is_terminated=np.ones((4, 2), bool),
            is_truncated=np.zeros((4, 2), bool),
            is_first=np.zeros((5, 2), bool),
        )
    )


def test_a_policy_learns_what_pays(a3c_config: NetworkConfig, lesson):
    network = build_network(a3c_config, seed=3)
    learn(network, lesson, 40)
    state = lesson.first_state(network.core_size)
    logits, _ = network.unroll(lesson.screens, *state, lesson.rollout.is_first[:-1])
    actions = lesson.rollout.actions
    taken = np.take_along_axis(tf.nn.softmax(logits).numpy(), actions[..., None], -1)[..., 0]
    assert (taken[actions == 2] > 0.5).all()
    assert (taken[actions != 2] < 0.1).all()


def test_a_value_learns_what_comes(a3c_config: NetworkConfig, lesson):
    always = lesson._replace(rollout=lesson.rollout._replace(rewards=np.ones((4, 2), np.float32)))
    losses = learn(build_network(a3c_config, seed=3), always, 40)
    assert losses[-1] < 0.1 * losses[0]


def learn(network: Network, lesson, updates: int) -> list[float]:
    """Plays and learns from the same screens again and again; returns the value losses."""
    policy = Policy(network, CONFIG)
    compute = GradientFunction(network, dataclasses.replace(CONFIG, gradient_norm_clip=40.0))
    apply = ApplyFunction(keras.optimizers.Adam(1e-3, epsilon=1e-3), network.weights)
    losses = []
    for _ in range(updates):
        gradients = compute(lesson.by(policy, network.core_size), COSTS)
        losses.append(gradients.value_loss)
        apply(gradients.gradients)
    return losses
