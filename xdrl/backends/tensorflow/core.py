"""The recurrent core's gradients, by hand from what acting computed.

A tape over the unrolled core computes each step anew and writes the gradient of the recurrent weights once a step.
Here nothing is computed twice, and each weight matrix has one product with all steps at once.
"""

from typing import NamedTuple

import tensorflow as tf

from xdrl.cores import LSTMCore


class CoreOutputs(NamedTuple):
    """What the core computed of a step, or of T steps with an axis T in front.

    Attributes:
        state_h, state_c: float32 [B, H], before the step, zero where a game starts.
        gates: float32 [B, 4 H], before their activation.
    """

    state_h: tf.Tensor
    state_c: tf.Tensor
    gates: tf.Tensor


class CoreGradients(NamedTuple):
    """Gradients by the core's features, float32 [T * B, F], and by its weights."""

    features: tf.Tensor
    kernel: tf.Tensor
    recurrent_kernel: tf.Tensor
    bias: tf.Tensor


def core_gradients(
    core: LSTMCore, features: tf.Tensor, outputs: CoreOutputs, is_first: tf.Tensor, upstream: tf.Tensor
) -> CoreGradients:
    """Computes the gradients through T steps, backwards in time.

    Args:
        core: whose weights the steps were taken with.
        features: float32 [T * B, F], what it was given.
        outputs: of T steps.
        is_first: bool [T, B], where the state was zeroed before the step.
        upstream: float32 [T, B, H], gradients by the core's state_h after each step.

    Source: Hochreiter & Schmidhuber 1997, with the forget gate of Gers et al. 2000.
    """
    num_steps, num_envs, units = upstream.shape[0], tf.shape(upstream)[1], core.units
    activated = [tf.sigmoid(outputs.gates[..., : 2 * units]), tf.tanh(outputs.gates[..., 2 * units : 3 * units])]
    input_gate, forget_gate = tf.split(activated[0], 2, axis=-1)
    cell, output_gate = activated[1], tf.sigmoid(outputs.gates[..., 3 * units :])
    squashed_c = tf.tanh(forget_gate * outputs.state_c + input_gate * cell)
    # The slopes of next_h and next_c by the four sums, for all steps at once.
    h_by_output_gate = squashed_c * output_gate * (1 - output_gate)
    h_by_c = output_gate * (1 - squashed_c**2)
    c_by_gates = (
        cell * input_gate * (1 - input_gate),
        outputs.state_c * forget_gate * (1 - forget_gate),
        input_gate * (1 - cell**2),
    )
    kernel, recurrent_kernel = (tf.convert_to_tensor(weight.value) for weight in (core.kernel, core.recurrent_kernel))
    keep = 1.0 - tf.cast(is_first, tf.float32)[..., None]

    by_h = by_c = tf.zeros((num_envs, units))
    by_gates: list[tf.Tensor] = []
    for t in reversed(range(num_steps)):
        by_h += upstream[t]
        by_c += by_h * h_by_c[t]
        by_gates.append(tf.concat([by_c * slope[t] for slope in c_by_gates] + [by_h * h_by_output_gate[t]], -1))
        by_h = tf.matmul(by_gates[-1], recurrent_kernel, transpose_b=True) * keep[t]
        by_c = by_c * forget_gate[t] * keep[t]
    flat = tf.concat(by_gates[::-1], 0)
    states = tf.reshape(outputs.state_h, (-1, units))
    return CoreGradients(
        features=tf.matmul(flat, kernel, transpose_b=True),
        kernel=tf.matmul(features, flat, transpose_a=True),
        recurrent_kernel=tf.matmul(states, flat, transpose_a=True),
        bias=tf.reduce_sum(flat, 0),
    )
