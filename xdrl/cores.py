"""The recurrent core: one step for acting, explaining and serving, T steps for learning."""

from collections.abc import Callable
from typing import Any

import keras
from keras import ops


class Core(keras.layers.Layer):
    """What an agent remembers with: features and the state before to the state after; the output is its first half.

    Attributes:
        units: H, of each half of the state.
    """

    units: int

    def call(self, features: Any, state_h: Any, state_c: Any) -> tuple[Any, Any]:
        """Takes one step.

        Args:
            features: float32 [N, F].
            state_h, state_c: float32 [N, H].

        Returns:
            the next state_h, which is also the output, and the next state_c, float32 [N, H].
        """
        raise NotImplementedError

    def unroll(self, features: Any, state_h: Any, state_c: Any, is_first: Any) -> Any:
        """Takes T steps, with the state zeroed where a game starts.

        Args:
            features: float32 [T, B, F]; T is static.
            state_h, state_c: float32 [B, H].
            is_first: bool [T, B].

        Returns:
            the outputs, float32 [T, B, H].
        """
        return _take_steps(self.call, features, (state_h, state_c), is_first)

    def compute_output_shape(self, features_shape: tuple[int | None, ...], *_: Any) -> tuple[Any, Any]:
        """Returns the shapes of the two halves."""
        return (features_shape[0], self.units), (features_shape[0], self.units)


@keras.saving.register_keras_serializable("xdrl")
class LSTMCore(Core):
    """A long short-term memory whose inputs can be projected for all steps at once.

    Keras' own LSTM projects step by step, or picks cuDNN where a GPU is in sight, which a CPU server cannot load.
    Gates are in Keras' order: input, forget, cell, output.

    Source: Hochreiter & Schmidhuber 1997; forget bias 1 after Gers et al. 2000.
    """

    def __init__(self, units: int, seeds: keras.random.SeedGenerator | None = None, **kwargs: Any) -> None:
        """Fixes the number of units; `seeds` draws the first weights."""
        super().__init__(**kwargs)
        self.units = units
        self._seeds = seeds

    def build(self, features_shape: tuple[int | None, ...], *_: Any) -> None:
        """Makes the weights for features [N, F]."""
        gates = 4 * self.units
        glorot = keras.initializers.GlorotUniform(self._seeds)
        orthogonal = keras.initializers.Orthogonal(1.0, self._seeds)
        self.kernel = self.add_weight((features_shape[-1], gates), glorot, name="kernel")
        self.recurrent_kernel = self.add_weight((self.units, gates), orthogonal, name="recurrent_kernel")
        self.bias = self.add_weight((gates,), self._forget_open, name="bias")

    def call(self, features: Any, state_h: Any, state_c: Any) -> tuple[Any, Any]:
        """Takes one step as `Core.call` says."""
        return activate(self.gates(features, state_h), state_c)

    def gates(self, features: Any, state_h: Any) -> Any:
        """Computes the sums that the four gates are activated by: float32 [N, F] and [N, H] to [N, 4 H]."""
        return ops.matmul(features, self.kernel) + ops.matmul(state_h, self.recurrent_kernel) + self.bias

    def unroll(self, features: Any, state_h: Any, state_c: Any, is_first: Any) -> Any:
        """Takes T steps as `Core.unroll` says, with one product for all the features."""
        projected = ops.matmul(features, self.kernel) + self.bias

        def step(projected_t: Any, state_h: Any, state_c: Any) -> tuple[Any, Any]:
            return activate(projected_t + ops.matmul(state_h, self.recurrent_kernel), state_c)

        return _take_steps(step, projected, (state_h, state_c), is_first)

    def get_config(self) -> dict[str, Any]:
        """Returns what the layer is built again from, for `keras.Model.save`."""
        return super().get_config() | {"units": self.units}

    def _forget_open(self, shape: tuple[int, ...], dtype: Any = None) -> Any:
        zeros = ops.zeros((self.units,), dtype)
        return ops.concatenate([zeros, zeros + 1, zeros, zeros])


def _take_steps(step: Callable[..., tuple[Any, Any]], inputs: Any, state: tuple[Any, Any], is_first: Any) -> Any:
    """Returns the outputs of T steps; a loop, which compiles many times as fast as the steps in a row."""
    keep = 1.0 - ops.cast(is_first, "float32")[..., None]

    def take(state: tuple[Any, Any], inputs: tuple[Any, Any]) -> tuple[tuple[Any, Any], Any]:
        next_h, next_c = step(inputs[0], state[0] * inputs[1], state[1] * inputs[1])
        return (next_h, next_c), (next_h, next_c)

    return ops.scan(take, state, (inputs, keep))[1][0]


def activate(gates: Any, state_c: Any) -> tuple[Any, Any]:
    """Takes a step from the gates' sums [N, 4 H] and the state_c [N, H] before to the next state_h and state_c."""
    input_gate, forget_gate, cell, output_gate = ops.split(gates, 4, axis=-1)
    next_c = ops.sigmoid(forget_gate) * state_c + ops.sigmoid(input_gate) * ops.tanh(cell)
    return ops.sigmoid(output_gate) * ops.tanh(next_c), next_c
