"""TensorFlow: `GradientTape` for the gradients, `tf.function` for the compilation."""

from xdrl.backends.tensorflow.acting import Policy, compile_act, has_gpu, step_input_signature, use_threads
from xdrl.backends.tensorflow.gradients import GradientFunction
from xdrl.backends.tensorflow.updates import ApplyFunction, CopyFunction

__all__ = [
    "ApplyFunction",
    "CopyFunction",
    "GradientFunction",
    "Policy",
    "compile_act",
    "has_gpu",
    "step_input_signature",
    "use_threads",
]
