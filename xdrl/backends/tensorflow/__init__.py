"""TensorFlow: `GradientTape` for the gradients, `tf.function` for the compilation."""

from xdrl.backends.tensorflow.acting import compile_act, has_gpu, step_input_signature, use_threads
from xdrl.backends.tensorflow.paths import describe_path, make_gradients, make_policy
from xdrl.backends.tensorflow.updates import ApplyFunction, CopyFunction

make_apply, make_copy = ApplyFunction, CopyFunction

__all__ = [
    "compile_act",
    "describe_path",
    "has_gpu",
    "make_apply",
    "make_copy",
    "make_gradients",
    "make_policy",
    "step_input_signature",
    "use_threads",
]
