"""The yardstick: plain gradients of the network's convolutions under a plain dense head, TensorFlow as it comes.

Nothing of what makes the training fast or slow is in it: no game, no recurrent core, no policy, no optimizer and none
of the backend's own gradients. So it says what the machine gives to anybody, and the training is compared with it.
"""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from xdrl.benchmarks.records import BenchmarkSettings
from xdrl.benchmarks.timing import Timing, time_threads
from xdrl.config import NetworkConfig
from xdrl.environments import action_names
from xdrl.games import find_game
from xdrl.networks import Network, build_network

BATCH_SIZE = 80
HIDDEN_UNITS = 512


def time_yardstick(settings: BenchmarkSettings) -> Timing:
    """Takes the gradients of random screens, again and again, in as many threads as there are workers and cores."""
    config = settings.training
    # Not the backend's own settings: they are among what is measured.
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(config.num_workers)
    game = find_game(config.game)
    network = build_network(NetworkConfig(config.network, action_names(game), game.crop, 0.5, 0.5), config.seed)
    compute = compile_gradients(plain_network(network))
    generator = np.random.default_rng(config.seed)
    screens = tf.constant(generator.integers(0, 256, (BATCH_SIZE, *observation_shape(network)), np.uint8))

    def compute_gradients() -> int:
        compute(screens)
        return BATCH_SIZE

    return time_threads([compute_gradients] * config.num_workers, settings.seconds)


def observation_shape(network: Network) -> tuple[int, ...]:
    """Returns what the first convolution sees of a screen, without the batch axis."""
    return tuple(network.torso.layers[1].output.shape[1:])


def plain_network(network: Network) -> keras.Model:
    """Puts two dense layers on a network's convolutions, pools and ReLUs, and none of the rest of it."""
    x = inputs = keras.Input(observation_shape(network))
    for layer in [*network.torso.layers[2:], *network.readout.layers[1:]]:
        x = x if isinstance(layer, layers.Dense) else layer(x)
    x = layers.Dense(HIDDEN_UNITS, "relu")(x)
    return keras.Model(inputs, layers.Dense(network.config.num_actions)(x))


def compile_gradients(model: keras.Model) -> Callable[[tf.Tensor], Any]:
    """Compiles the gradients of the mean square of a model's outputs, by all its weights."""
    weights = [weight.value for weight in model.trainable_weights]

    def compute(screens: tf.Tensor) -> Any:
        with tf.GradientTape() as tape:
            outputs = model(tf.cast(screens, tf.float32) / 255.0)
            loss = tf.reduce_mean(tf.square(outputs))
        return tape.gradient(loss, weights)

    return tf.function(compute, autograph=False)
