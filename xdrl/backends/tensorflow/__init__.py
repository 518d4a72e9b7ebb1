"""TensorFlow: `GradientTape` for the gradients, `tf.function` for the compilation."""

from xdrl.backends.tensorflow.acting import compile_act, has_gpu, step_input_signature, use_threads
from xdrl.backends.tensorflow.paths import describe_path, make_gradients, make_policy
from xdrl.backends.tensorflow.updates import ApplyFunction, AssignFunction, ReadFunction

make_apply, make_assign, make_read = ApplyFunction, AssignFunction, ReadFunction

__all__ = [
    "compile_act",
    "describe_path",
    "has_gpu",
    "make_apply",
    "make_assign",
    "make_gradients",
    "make_policy",
    "make_read",
    "step_input_signature",
    "use_threads",
]
