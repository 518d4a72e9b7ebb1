"""The fast path finds what the plain one finds, and leaves to the plain one whatever it does not know."""

import dataclasses
from collections.abc import Callable

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from xdrl.backends.tensorflow import describe_path, make_apply, make_gradients, make_policy
from xdrl.backends.tensorflow.fast_acting import FastPolicy
from xdrl.backends.tensorflow.fast_gradients import FastGradients
from xdrl.backends.tensorflow.plain import PlainGradients, PlainPolicy
from xdrl.config import NETWORK_KINDS, NetworkConfig, TrainingConfig
from xdrl.cores import Core, LSTMCore
from xdrl.errors import UserError
from xdrl.losses import Costs, actor_critic_losses
from xdrl.networks import NETWORKS, Network, NetworkKind, build_network, register_network

CONFIG, COSTS = TrainingConfig("Pong", network="a3c", gradient_norm_clip=1e6), Costs(value=0.5, entropy=0.01)


class NoMemory(Core):
    """A core that forgets: its output is what it is given."""

    def __init__(self, units: int):
        super().__init__(name="core")
        self.units = units

    def call(self, features, state_h, state_c):
        return features + 0 * state_h, 0 * state_c


def toy_torso(*steps: Callable[[], layers.Layer]):
    def torso(observation, seeds, use_bias):
        x = layers.Conv2D(6, 8, strides=8, use_bias=use_bias, name="first")(observation)
        for step in steps:
            x = step()(x)
        return layers.ReLU(name="feature_map")(x)

    return torso


def pooled(feature_map, seeds):
    return layers.GlobalAveragePooling2D()(feature_map)


def lstm(seeds):
    return LSTMCore(4, seeds, name="core")


def branch(observation, seeds, use_bias):
    x = layers.Conv2D(6, 8, strides=8, name="first")(observation)
    return layers.Add(name="join")([layers.ReLU()(x), x])


TOYS = {
    "known": (NetworkKind(toy_torso(), pooled, lstm), None),
    "leaky": (
        NetworkKind(toy_torso(lambda: layers.ReLU(negative_slope=0.1, name="leak")), pooled, lstm),
        "the layer leak (ReLU)",
    ),
    "activated": (
        NetworkKind(toy_torso(lambda: layers.Conv2D(6, 3, activation="tanh", name="tanh")), pooled, lstm),
        "the layer tanh (Conv2D)",
    ),
    "dilated": (
        NetworkKind(toy_torso(lambda: layers.Conv2D(6, 2, dilation_rate=2, name="wide")), pooled, lstm),
        "the layer wide (Conv2D)",
    ),
    "grouped": (
        NetworkKind(toy_torso(lambda: layers.Conv2D(6, 3, groups=3, name="apart")), pooled, lstm),
        "the layer apart (Conv2D)",
    ),
    "normalised": (
        NetworkKind(
            toy_torso(lambda: layers.LayerNormalization(name="norm"), lambda: layers.Activation("elu")), pooled, lstm
        ),
        "the layer norm (LayerNormalization)",
    ),
    "averaged": (
        NetworkKind(toy_torso(lambda: layers.AveragePooling2D(2, name="mean")), pooled, lstm),
        "the layer mean (AveragePooling2D)",
    ),
    "branched": (NetworkKind(branch, pooled, lstm), "the layer join (Add)"),
    "forgetful": (NetworkKind(toy_torso(), pooled, lambda seeds: NoMemory(6)), "the core (NoMemory)"),
}


QUICK = ("known", "normalised", "branched")
"""Of the toys: one for the fast path, and two for the plain one; the rest are for the slow run."""


@pytest.fixture(autouse=True, scope="module")
def registered():
    for name, (kind, _) in TOYS.items():
        register_network(name, kind)
    yield
    for name in TOYS:
        del NETWORKS[name]
        NETWORK_KINDS.remove(name)


def build(a3c_config: NetworkConfig, kind: str, use_bias: bool = True) -> Network:
    network = build_network(dataclasses.replace(a3c_config, kind=kind, use_bias=use_bias), seed=1)
    for head in (network.policy_head, network.value_head):  # fresh heads let almost nothing through
        head.kernel.assign(np.random.default_rng(0).normal(0, 0.3, head.kernel.shape).astype(np.float32))
    return network


@pytest.mark.parametrize("kind", [*TOYS, "a3c", "e-a3c"])
def test_what_the_fast_path_does_not_know_takes_the_plain_one(kind: str, a3c_config: NetworkConfig):
    network, reason = build(a3c_config, kind), TOYS[kind][1] if kind in TOYS else None
    path = (FastPolicy, FastGradients) if reason is None else (PlainPolicy, PlainGradients)
    assert (type(make_policy(network, CONFIG)), type(make_gradients(network, CONFIG))) == path
    said = describe_path(network, CONFIG)
    assert said is None if reason is None else said.startswith(f"{reason} is none that the fast path knows: ")


@pytest.mark.parametrize(
    ("kind", "use_bias"),
    [
        *((kind, True) for kind in QUICK),
        ("e-a3c", False),
        *(pytest.param(kind, True, marks=pytest.mark.slow) for kind in [*TOYS, "a3c", "e-a3c"] if kind not in QUICK),
        pytest.param("a3c", False, marks=pytest.mark.slow),
    ],
)
def test_gradients_are_those_of_one_tape_over_everything(kind, use_bias, a3c_config: NetworkConfig, played):
    network = build(a3c_config, kind, use_bias)
    # The tape of this test sees each step by itself, through the model that is served.
    with tf.GradientTape() as tape:
        judged, state = [], [*map(tf.constant, played.first_state(network.core_size))]
        for screens, is_first in zip(played.screens, played.rollout.is_first[:-1], strict=True):
            keep = tf.cast(~is_first[:, None], tf.float32)
            logits, values, *state = network.step([tf.constant(screens), *(keep * part for part in state)])
            judged.append((logits, values))
        losses = actor_critic_losses(*map(tf.stack, zip(*judged, strict=True)), played.rollout, CONFIG, COSTS)
    expected = tape.gradient(losses.total, [weight.value for weight in network.weights])
    paths = {"plain": (PlainPolicy(network), PlainGradients(network, CONFIG))}
    if describe_path(network, CONFIG) is None:
        paths["fast"] = FastPolicy(network, CONFIG), FastGradients(network, CONFIG)
    for path, (policy, compute) in paths.items():
        found = compute(played.by(policy, network.core_size), COSTS)
        assert len(found.gradients) == len(network.weights)
        for weight, gradient, exact in zip(network.weights, found.gradients, expected, strict=True):
            assert exact is not None and np.abs(exact).max() > 0, weight.path
            message = f"{path}: {weight.path}"
            np.testing.assert_allclose(gradient, exact, atol=1e-4 * np.abs(exact).max(), err_msg=message)
        assert found.norm == pytest.approx(float(tf.linalg.global_norm(expected)), rel=1e-4)
        assert found.policy_loss == pytest.approx(float(losses.policy), abs=1e-5)
        assert found.value_loss == pytest.approx(float(losses.value), rel=1e-4)
        assert found.entropy == pytest.approx(float(losses.entropy), rel=1e-5)


@pytest.mark.slow
def test_a_network_of_ones_own_learns(a3c_config: NetworkConfig, played):
    network = build(a3c_config, "forgetful")
    policy, compute = make_policy(network, CONFIG), make_gradients(network, CONFIG)
    apply = make_apply(keras.optimizers.Adam(1e-2, epsilon=1e-3), network.weights)
    losses = []
    for _ in range(80):
        gradients = compute(played.by(policy, network.core_size), COSTS)
        losses.append(gradients.value_loss)
        apply(gradients.gradients)
    assert losses[-1] < 0.8 * losses[0]


def test_a_name_is_given_once():
    with pytest.raises(UserError, match="expected a new name for a network, got 'a3c', which there is"):
        register_network("a3c", TOYS["known"][0])


def test_a_torso_whose_cells_lie_nowhere_is_refused(a3c_config: NetworkConfig):
    register_network("cropped", NetworkKind(toy_torso(lambda: layers.Cropping2D(1, name="cut")), pooled, lstm))
    with pytest.raises(UserError, match="expected a torso of convolutions and pools, got cut, which moves cells"):
        build(a3c_config, "cropped")
    del NETWORKS["cropped"]
    NETWORK_KINDS.remove("cropped")
