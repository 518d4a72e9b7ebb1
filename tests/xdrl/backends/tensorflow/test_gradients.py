import dataclasses
import threading
from collections.abc import Callable

import keras
import numpy as np
import pytest
import tensorflow as tf

from xdrl.backends.tensorflow import make_apply, make_gradients, make_policy
from xdrl.config import NetworkConfig, TrainingConfig
from xdrl.losses import Costs
from xdrl.networks import Network, build_network
from xdrl.rollouts import Rollout

CONFIG, COSTS = TrainingConfig("Pong", network="a3c", gradient_norm_clip=1e6), Costs(value=0.5, entropy=0.01)


@pytest.fixture(scope="module")
def compute(a3c: Network) -> Callable:
    return make_gradients(a3c, CONFIG)


@pytest.fixture(scope="module")
def rollout(a3c: Network, played) -> Rollout:
    return played.by(make_policy(a3c, CONFIG), a3c.core_size)


@pytest.mark.parametrize("kind", ["a3c", pytest.param("e-a3c", marks=pytest.mark.slow)])
def test_convolutions_in_bfloat16_give_nearly_the_same_gradients(kind: str, a3c_config: NetworkConfig, played):
    network = build_network(dataclasses.replace(a3c_config, kind=kind), seed=1)
    for head in (network.policy_head, network.value_head):
        head.kernel.assign(np.random.default_rng(0).normal(0, 0.3, head.kernel.shape).astype(np.float32))
    exact, rough = (
        make_gradients(network, config)(played.by(make_policy(network, config), network.core_size), COSTS)
        for config in (CONFIG, dataclasses.replace(CONFIG, convolution_dtype="bfloat16"))
    )
    assert rough.norm == pytest.approx(exact.norm, rel=0.02)
    for weight, found, expected in zip(network.weights, rough.gradients, exact.gradients, strict=True):
        assert found.dtype == tf.float32
        cosine = tf.reduce_sum(found * expected) / (tf.norm(found) * tf.norm(expected))
        assert cosine > 0.97, weight.path
        assert not np.array_equal(found, expected), weight.path


def test_large_gradients_are_scaled_down_together(a3c: Network, compute: Callable, rollout: Rollout):
    free = compute(rollout, COSTS)
    clip = free.norm / 4
    clipped = make_gradients(a3c, dataclasses.replace(CONFIG, gradient_norm_clip=clip))(rollout, COSTS)
    assert clipped.norm == pytest.approx(free.norm, rel=1e-4)  # what is reported is the norm before
    assert float(tf.linalg.global_norm(clipped.gradients)) == pytest.approx(clip, rel=1e-4)
    for small, large in zip(clipped.gradients, free.gradients, strict=True):
        np.testing.assert_allclose(small * 4, large, atol=1e-4 * np.abs(large).max())


def test_a_value_that_is_not_finite_gives_a_norm_that_is_not(compute: Callable, rollout: Rollout):
    assert not np.isfinite(compute(rollout._replace(bootstrap_value=np.full(2, np.nan, np.float32)), COSTS).norm)


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_two_threads_take_gradients_side_by_side(a3c_config: NetworkConfig, played):
    failures: list[BaseException] = []
    norms: list[list[float]] = [[], []]
    together = threading.Barrier(2)

    def work(index: int) -> None:
        try:
            network = build_network(a3c_config, seed=1)
            policy, compute = make_policy(network, CONFIG), make_gradients(network, CONFIG)
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


@pytest.mark.slow
def test_a_policy_learns_what_pays(a3c_config: NetworkConfig, lesson):
    network = build_network(a3c_config, seed=3)
    learn(network, lesson, 40)
    state = lesson.first_state(network.core_size)
    logits, _ = network.unroll(lesson.observed_by(network), *state, lesson.rollout.is_first[:-1])
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
    policy = make_policy(network, CONFIG)
    compute = make_gradients(network, dataclasses.replace(CONFIG, gradient_norm_clip=40.0))
    apply = make_apply(keras.optimizers.Adam(1e-3, epsilon=1e-3), network.weights)
    losses = []
    for _ in range(updates):
        gradients = compute(lesson.by(policy, network.core_size), COSTS)
        losses.append(gradients.value_loss)
        apply(gradients.gradients)
    return losses
