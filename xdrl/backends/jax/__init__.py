"""JAX: functions of the weights, compiled by XLA; the weights stay on the device, and nothing imports TensorFlow."""

from xdrl.backends.jax.acting import Policy, describe_path, has_gpu, use_threads
from xdrl.backends.jax.gradients import GradientFunction
from xdrl.backends.jax.updates import ApplyFunction, AssignFunction, ReadFunction

make_policy, make_gradients = Policy, GradientFunction
make_apply, make_assign, make_read = ApplyFunction, AssignFunction, ReadFunction

__all__ = [
    "describe_path",
    "has_gpu",
    "make_apply",
    "make_assign",
    "make_gradients",
    "make_policy",
    "make_read",
    "use_threads",
]
